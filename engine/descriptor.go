package engine

import (
	"net"
	"sync"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Families, types and protocols of sockets, and what Shutdown ends:
// socket.AF_INET, socket.SOCK_STREAM and so on, with the system's numbers.
const (
	AFUnspec = sock.Unspec // any family, where a choice is made
	AFUnix   = sock.Unix
	AFInet   = sock.Inet  // IPv4
	AFInet6  = sock.Inet6 // IPv6

	SockStream    = sock.Stream
	SockDgram     = sock.Dgram
	SockRaw       = sock.Raw
	SockSeqPacket = sock.SeqPacket

	IPProtoTCP = sock.TCP
	IPProtoUDP = sock.UDP

	ShutRD   = sock.ShutRead
	ShutWR   = sock.ShutWrite
	ShutRDWR = sock.ShutBoth
)

// descriptor is what Socket and TransportSocket have in common: a socket that may
// be used on any goroutine until it is gone, and never afterwards, when the
// system may have given its number to another. Its methods are theirs.
type descriptor struct {
	kind sock.Kind
	peer sock.Addr // what is known for good, also when the socket is gone

	mu    sync.Mutex // held during every use, so that the socket does not go under it
	local sock.Addr  // as peer; an owner that learns it late sets it under mu
	fd    int        // guarded by mu
	live  bool       // guarded by mu; the zero value has no descriptor
}

// use calls fn with the descriptor, and puts its error into a *net.OpError.
func (d *descriptor) use(op string, fn func(fd int) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used(op, fn)
}

// used is use with the mutex.
func (d *descriptor) used(op string, fn func(fd int) error) error {
	if !d.live {
		return opError(op, d.kind, d.local, d.peer, net.ErrClosed)
	}
	if err := fn(d.fd); err != nil {
		return opError(op, d.kind, known(d.local, d.fd, sock.Name), known(d.peer, d.fd, sock.Peer), err)
	}
	return nil
}

// remember keeps the socket's own address for when it is gone.
func (d *descriptor) remember(local sock.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.local = local
}

// leave empties the descriptor, and tells what was in it.
func (d *descriptor) leave() (fd int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ok, d.live = d.live, false
	return d.fd, ok
}

// known is a, or else what the socket says.
func known(a sock.Addr, fd int, ask func(int) (sock.Addr, error)) sock.Addr {
	if !a.IsValid() {
		a, _ = ask(fd) // none with an error
	}
	return a
}

// opError is a failed operation with what is known about the socket.
func opError(op string, kind sock.Kind, local, peer sock.Addr, err error) error {
	return &net.OpError{
		Op: op, Net: kind.Network(), Source: local.NetAddr(kind.Type), Addr: peer.NetAddr(kind.Type), Err: err,
	}
}

// Fd is the number of the descriptor, or -1 when the socket is gone: fileno. The
// number is good for as long as the caller knows that nobody closes the socket.
// Any goroutine.
func (d *descriptor) Fd() FD {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.live {
		return -1
	}
	return d.fd
}

// Family is the socket's family, AFInet say. Any goroutine.
func (d *descriptor) Family() int { return d.kind.Family }

// Type is the socket's type, SockStream say. Any goroutine.
func (d *descriptor) Type() int { return d.kind.Type }

// Proto is the socket's protocol as the system says, also when the socket was
// made with 0. Any goroutine.
func (d *descriptor) Proto() int { return d.kind.Proto }

// Option reads an option that is a number: getsockopt. level and name are those
// of package syscall. Any goroutine.
func (d *descriptor) Option(level, name int) (value int, err error) {
	err = d.use("getsockopt", func(fd int) (err error) {
		value, err = sock.Option(fd, level, name)
		return err
	})
	return value, err
}

// SetOption sets an option that is a number: setsockopt. Any goroutine.
func (d *descriptor) SetOption(level, name, value int) error {
	return d.use("setsockopt", func(fd int) error { return sock.SetOption(fd, level, name, value) })
}

// LocalAddr is the socket's own address: getsockname. A transport's socket
// remembers it beyond the transport's loss. Any goroutine.
func (d *descriptor) LocalAddr() (net.Addr, error) {
	return d.address("getsockname", &d.local, sock.Name)
}

// PeerAddr is the address that the socket is connected to: getpeername. A
// transport's socket remembers it beyond the transport's loss. Any goroutine.
func (d *descriptor) PeerAddr() (net.Addr, error) {
	return d.address("getpeername", &d.peer, sock.Peer)
}

// address asks for an address, unless it is known.
func (d *descriptor) address(op string, at *sock.Addr, ask func(int) (sock.Addr, error)) (net.Addr, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := *at
	if a.IsValid() {
		return a.NetAddr(d.kind.Type), nil
	}
	err := d.used(op, func(fd int) (err error) {
		if a, err = ask(fd); err == nil && !a.IsValid() {
			err = ErrUnsupported // a family that this package does not know
		}
		return err
	})
	return a.NetAddr(d.kind.Type), err
}

// Shutdown ends a direction of the connection: ShutRD, ShutWR or both, ShutRDWR.
// It fails with an *ArgError for anything else. Any goroutine.
func (d *descriptor) Shutdown(how int) error {
	if how < ShutRD || how > ShutRDWR {
		return badArg("how", "must be ShutRD, ShutWR or ShutRDWR")
	}
	return d.use("shutdown", func(fd int) error { return sock.Shutdown(fd, how) })
}

// Dup makes a Socket of its own for the same connection, which the caller has to
// close. Any goroutine.
func (d *descriptor) Dup() (*Socket, error) {
	s := newSocket(-1, d.kind)
	err := d.use("dup", func(fd int) (err error) {
		s.fd, err = sock.Dup(fd)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}
