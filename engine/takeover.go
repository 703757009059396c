package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Takeover are the listening sockets of a process that waits for its successor,
// and the connection to it: what the successor has.
//
//	predecessor: AwaitSuccessor        successor: TakeOver
//	serves                   -- sockets -->  makes servers of them
//	serves                                   serves too
//	Relinquish               <-- Acknowledge
//	its connections end      -- done ----->  serves alone
//
// Both have the same sockets with the same queues, so that no client is refused at
// any moment. If the successor dies before it acknowledges, or closes the takeover,
// its predecessor serves on as if nothing had happened.
//
// Its methods may be called on any goroutine; they block it, and fail with
// ErrNotInTask on a loop.
type Takeover struct {
	// Sockets are those of all servers of the predecessor, by the names that it has
	// for them.
	Sockets NamedSockets

	path string
	conn *net.UnixConn
}

// TakeOver asks the process that waits in AwaitSuccessor with the same path for its
// listening sockets. It fails with ErrNoPredecessor when nobody waits there, which
// the first process of all has to expect; with os.ErrPermission when it is of
// another user, where the system tells; with an *ArgError for a bad path; with
// ErrUnsupported where the system does not pass descriptors on; and with the cause
// of ctx. It waits for the predecessor and blocks the goroutine: on a loop it is
// ErrNotInTask.
func TakeOver(ctx context.Context, path string) (*Takeover, error) {
	if err := checkRendezvous("path", path); err != nil {
		return nil, err
	}
	c, err := callPredecessor(ctx, path)
	if err != nil {
		return nil, takeoverError(path, err)
	}
	t := &Takeover{path: path, conn: c}
	err = bounded(ctx, c, func() (err error) {
		if err = checkPeer(c); err == nil {
			t.Sockets, err = receiveSockets(c)
		}
		return err
	})
	if err != nil {
		_ = t.Close() // the first error counts
		return nil, takeoverError(path, err)
	}
	return t, nil
}

// checkRendezvous is why a path is none at which processes meet, or nil.
func checkRendezvous(arg, path string) error {
	if path == "" {
		return badArg(arg, "must be given")
	}
	return cmp.Or(checkPath(arg, path), mayBlock(), sock.CanPass())
}

func takeoverError(path string, err error) error {
	at, _ := unixAddress("path", path) // was checked
	return opError("takeover", sock.Kind{Family: AFUnix, Type: SockStream}, sock.Addr{}, at, err)
}

func callPredecessor(ctx context.Context, path string) (*net.UnixConn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: %w", ErrNoPredecessor, err)
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	}
	return c.(*net.UnixConn), nil
}

// bounded ends what fn does with a connection when ctx ends; what comes in time
// nevertheless is too late.
func bounded(ctx context.Context, c *net.UnixConn, fn func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a closed one fails anyway
	err := fn()
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// Acknowledge tells the predecessor that its sockets are served, and waits until it
// does not accept any more. It ends the takeover, but not the sockets that servers
// have taken. With an error the predecessor may serve on beside this process, which
// loses no connection; it is gone when the error is io.ErrUnexpectedEOF, or had
// enough of waiting.
func (t *Takeover) Acknowledge(ctx context.Context) error {
	if err := mayBlock(); err != nil {
		return err
	}
	err := bounded(ctx, t.conn, func() error {
		if err := acknowledge(t.conn); err != nil {
			return err
		}
		return awaitAck(t.conn)
	})
	_ = t.conn.Close() // has served
	if err != nil {
		return takeoverError(t.path, err)
	}
	return nil
}

// Close gives up what was not acknowledged, and closes the sockets that no server
// has taken.
func (t *Takeover) Close() error {
	_ = t.conn.Close() // the predecessor sees its end
	return t.Sockets.Close()
}
