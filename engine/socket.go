package engine

import (
	"net"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Socket is a socket for the calls of a Loop that take one: socket.socket. It
// does not block, is closed in programs that are started, and is never in the
// runtime's poller.
//
// A call that takes ownership empties it; then, as after Close, its methods fail
// with net.ErrClosed, but for Close, Fd, Family, Type and Proto; while somebody
// waits for the socket it cannot be taken: ErrFdInUse. Errors of the system are
// *net.OpError. A Socket that nobody takes must be closed.
//
// The calls of a Loop that leave it to the caller, SockRecv and its kin, have rules
// in common. Each asks the system at once, and waits only if it has to: in a task it
// suspends the task, elsewhere it behaves as Await. A task that finds its sockets
// ready again and again keeps the loop from everything else, as in asyncio.
//
//   - One call at a time waits in each direction. A second one is ErrFdInUse, as is
//     one that would have to wait where AddReader or a transport has the descriptor.
//   - A call that is cancelled, or whose ctx ends, has taken nothing from the socket,
//     and is not registered with the loop any more. Its buffers are the caller's.
//   - Closing the socket ends it with net.ErrClosed.
//   - A nil Socket is an *ArgError, and so is one that was made to block by way of its
//     descriptor: always for SockAccept and SockConnect, in debug mode for all.
//
// There is no Socket of a TLS connection: a *tls.Conn is no syscall.Conn.
type Socket struct {
	descriptor
	claims claims
}

func newSocket(fd int, kind sock.Kind) *Socket {
	return &Socket{descriptor: descriptor{kind: kind, fd: fd, live: true}}
}

// NewSocket makes a socket: socket.socket. The system chooses the protocol when
// proto is 0. It fails with an *ArgError for a family or a type that no system
// has. Any goroutine.
func NewSocket(family, typ, proto int) (*Socket, error) {
	kind := sock.Kind{Family: family, Type: typ, Proto: proto}
	if err := checkKind(kind); err != nil {
		return nil, err
	}
	fd, err := sock.Open(kind)
	if err != nil {
		return nil, opError("socket", kind, sock.Addr{}, sock.Addr{}, err)
	}
	return adopt(fd, kind)
}

// SocketPair makes two sockets that are connected to each other:
// socket.socketpair. It fails as NewSocket does. Any goroutine.
func SocketPair(family, typ, proto int) (a, b *Socket, err error) {
	kind := sock.Kind{Family: family, Type: typ, Proto: proto}
	if err := checkKind(kind); err != nil {
		return nil, nil, err
	}
	fds, err := sock.Pair(kind)
	if err != nil {
		return nil, nil, opError("socketpair", kind, sock.Addr{}, sock.Addr{}, err)
	}
	if a, err = adopt(fds[0], kind); err != nil {
		_ = sock.Close(fds[1]) // the first error counts
		return nil, nil, err
	}
	if b, err = adopt(fds[1], kind); err != nil {
		_ = a.Close()
		return nil, nil, err
	}
	return a, b, nil
}

func checkKind(k sock.Kind) error {
	switch {
	case k.Family <= AFUnspec:
		return badArg("family", "must be that of a socket, AFInet say")
	case k.Type <= 0:
		return badArg("typ", "must be that of a socket, SockStream say")
	case k.Proto < 0:
		return badArg("proto", "must not be negative")
	}
	return nil
}

// SocketFrom makes a Socket of its own for what c has, a *net.TCPConn or a
// *net.UnixListener, say. The caller still has to close c, and should do nothing
// else with it: the two share one socket, which does not block from here on. It
// fails with an *ArgError for nil, and with os.ErrClosed when c is closed. Any
// goroutine.
func SocketFrom(c syscall.Conn) (*Socket, error) {
	if c == nil {
		return nil, badArg("c", "must not be nil")
	}
	fd, dup := -1, error(nil)
	if err := control(c, func(n int) { fd, dup = sock.Dup(n) }); err != nil {
		return nil, err
	}
	if dup != nil {
		return nil, opError("dup", sock.Kind{}, sock.Addr{}, sock.Addr{}, dup)
	}
	return adopt(fd, sock.Kind{})
}

// adopt asks a descriptor what it is, and closes it when it is no socket. It was
// meant to be of the kind.
func adopt(fd int, meant sock.Kind) (*Socket, error) {
	kind, err := sock.KindOf(fd)
	if err == nil {
		err = sock.SetNonblock(fd)
	}
	if err != nil {
		_ = sock.Close(fd) // the first error counts
		return nil, opError("socket", meant, sock.Addr{}, sock.Addr{}, err)
	}
	return newSocket(fd, kind), nil
}

// Bind gives the socket its address: a *net.TCPAddr, a *net.UDPAddr or a
// *net.UnixAddr, whatever its own type. Without an IP it is every interface's,
// with the port 0 the system chooses one. A unix path is made as a file, which
// stays. It fails with an *ArgError for an address that is not of the socket's
// family, or too long. Any goroutine.
func (s *Socket) Bind(addr net.Addr) error {
	a, err := addrFor("addr", addr, s.kind.Family)
	if err != nil {
		return err
	}
	err = s.use("bind", func(fd int) error { return sock.Bind(fd, s.kind.Family, a) })
	if failed, ok := err.(*net.OpError); ok {
		failed.Addr = addr
	}
	return err
}

// addrFor is an address for a socket of the family, or an *ArgError for arg.
func addrFor(arg string, addr net.Addr, family int) (sock.Addr, error) {
	a, err := sock.FromNet(addr)
	if err != nil {
		return a, badAddr(arg, err)
	}
	return fitting(arg, a, family)
}

// fitting is a as a socket of the family takes it, or an *ArgError for arg.
func fitting(arg string, a sock.Addr, family int) (sock.Addr, error) {
	a, err := a.For(family)
	return a, badAddr(arg, err)
}

func badAddr(arg string, err error) error {
	if bad, ok := err.(*sock.AddrError); ok {
		return badArg(arg, bad.Reason)
	}
	return err
}

// Listen makes the socket accept connections, backlog of which may wait; the
// system has a limit of its own. It fails with an *ArgError for a negative
// number. Any goroutine.
func (s *Socket) Listen(backlog int) error {
	if backlog < 0 {
		return badArg("backlog", "must not be negative")
	}
	return s.use("listen", func(fd int) error { return sock.Listen(fd, backlog) })
}

// Close closes the socket, unless it is gone already. Calls that wait for it end
// with net.ErrClosed. A loop has to let go of the descriptor before its number may
// become another's: when Close is called elsewhere than on the loop of such a call,
// the descriptor is closed by that loop, in its next turn. Any goroutine.
func (s *Socket) Close() error {
	s.mu.Lock()
	was, watched := s.live, s.claims.watched > 0
	s.live, s.claims.orphan = false, was && watched || s.claims.orphan
	s.mu.Unlock()
	if !was {
		return nil
	}
	s.evict()
	if watched {
		return nil
	}
	if err := sock.Close(s.fd); err != nil {
		return opError("close", s.kind, sock.Addr{}, sock.Addr{}, err)
	}
	return nil
}

// take empties the socket for a call op that owns the descriptor from here on.
func (s *Socket) take(op string) (fd int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.live:
		err = net.ErrClosed
	case s.claims.busy():
		err = ErrFdInUse
	}
	if err != nil {
		return -1, opError(op, s.kind, sock.Addr{}, sock.Addr{}, err)
	}
	s.live = false
	return s.fd, nil
}
