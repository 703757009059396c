package engine

import (
	"context"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// SetServerLookup makes the loop look hosts up by fn. Before it runs.
func (l *Loop) SetServerLookup(fn func(ctx context.Context, host string) ([]AddrInfo, error)) {
	l.lookup = func(ctx context.Context, host string, _ service, _ addrHints) ([]AddrInfo, error) {
		return fn(ctx, host)
	}
}

// AcceptedAs hands the server a connection, as a listener does.
func (s *Server) AcceptedAs(fd FD) { (*serverEvents)(s).Accepted(fd, AFUnix, sock.UnixAddr("")) }

// AcceptFailed tells the server of an error, as a listener does.
func (s *Server) AcceptFailed(err error) { (*serverEvents)(s).Failed(err) }

// Waiting is how many wait for the end of the server.
func (s *Server) Waiting() int { return len(s.waiters) }
