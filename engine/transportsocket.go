package engine

import (
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// TransportSocket is the socket of a transport or a server, for those who want to
// look at it or set an option: asyncio.trsock.TransportSocket. Only its owner
// reads, writes, accepts and closes.
//
// It may be kept beyond the owner's end: then its methods fail with net.ErrClosed
// instead of touching a descriptor that has become another's, and the addresses,
// the family, the type and the protocol are what they were.
type TransportSocket struct{ descriptor }

// newTransportSocket is a view of a descriptor whose owner calls detach before
// closing it. An address that the owner does not know is none; the socket is
// asked for it then, while it is there.
func newTransportSocket(fd int, kind sock.Kind, local, peer sock.Addr) *TransportSocket {
	return &TransportSocket{descriptor{kind: kind, local: local, peer: peer, fd: fd, live: true}}
}

// detach ends the view. It waits for a use that is under way, and none begins
// afterwards. Any goroutine.
func (s *TransportSocket) detach() { s.leave() }

// SetTimeout fails with an *ArgError for anything but 0, which changes nothing:
// settimeout. The loop's sockets never block. Any goroutine.
func (s *TransportSocket) SetTimeout(d time.Duration) error {
	if d != 0 {
		return badArg("d", "must be 0: the socket of a transport does not block")
	}
	return nil
}

// SetBlocking fails with an *ArgError for true, and false changes nothing:
// setblocking. Any goroutine.
func (s *TransportSocket) SetBlocking(blocking bool) error {
	if blocking {
		return badArg("blocking", "must be false: the socket of a transport does not block")
	}
	return nil
}
