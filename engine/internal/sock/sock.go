package sock

// Protocols of internet sockets, the same everywhere.
const (
	TCP = 6
	UDP = 17
)

// What Shutdown ends, the same everywhere.
const (
	ShutRead  = 0
	ShutWrite = 1
	ShutBoth  = 2
)

// Kind is what a socket was made as.
type Kind struct{ Family, Type, Proto int }

// Network is the name that package net has for such sockets, or that of a protocol
// which it does not know.
func (k Kind) Network() string {
	if name, ok := otherProtocols[k.Proto]; ok && (k.Family == Inet || k.Family == Inet6) && k.Type != Raw {
		return name
	}
	return Network(k.Family, k.Type)
}

// otherProtocols are those of internet sockets beside TCP and UDP.
var otherProtocols = map[int]string{33: "dccp", 132: "sctp", 136: "udplite"}

// Errors of this file are *os.SyscallError, but for those of addresses, which are
// *AddrError, and those of Accept, Receive, ReceiveFrom, Send and SendTo, which are
// the bare syscall.Errno: callers go by its number, and it costs nothing.

// Open makes a socket that does not block. The descriptor is -1 with an error.
func Open(k Kind) (fd int, err error) { return valid(open(k)) }

// valid hides what a failed call has for a descriptor: on some systems 0.
func valid(fd int, err error) (int, error) {
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// Pair makes two sockets that are connected to each other, and do not block.
func Pair(k Kind) (fds [2]int, err error) {
	if fds, err = pair(k); err != nil {
		fds = [2]int{-1, -1}
	}
	return fds, err
}

// Accept takes the next connection of a listening socket, which must not block;
// it does not block either.
func Accept(fd int) (conn int, peer Addr, err error) { return accept(fd) }

// Connect begins to connect a socket, which must not block. It is pending when
// that takes time: the socket becomes writable at its end, and ConnectResult
// tells how it went.
func Connect(fd, family int, a Addr) (pending bool, err error) {
	a, err = a.For(family)
	if err != nil {
		return false, err
	}
	return connect(fd, a)
}

// ConnectResult tells how connecting went, once the socket is writable. It may
// still be pending, when the event was meant for something else.
func ConnectResult(fd int) (pending bool, err error) { return connectResult(fd) }

// Bind gives a socket its address. A unix path is made in the file system; it
// stays there when the socket is closed.
func Bind(fd, family int, a Addr) error {
	a, err := a.For(family)
	if err != nil {
		return err
	}
	return bind(fd, a)
}

// Listen makes a socket accept connections, so many of which may wait.
func Listen(fd, backlog int) error { return listen(fd, backlog) }

// Name is the socket's own address. It is none, without an error, in a family
// that this package does not know.
func Name(fd int) (Addr, error) { return name(fd) }

// Peer is the address that the socket is connected to; none like Name.
func Peer(fd int) (Addr, error) { return peer(fd) }

// KindOf finds out what a descriptor was made as, the protocol included when the
// socket was opened without one.
func KindOf(fd int) (Kind, error) { return kindOf(fd) }

// Receive reads what has arrived, up to the length of p: of a stream nothing at its
// end, of datagrams one, whose rest is lost. It does not block, whatever the mode of
// the socket: EAGAIN when nothing has arrived.
func Receive(fd int, p []byte) (int, error) { return receive(fd, p) }

// Peek is Receive that leaves all where it is.
func Peek(fd int, p []byte) (int, error) { return peek(fd, p) }

// HasInput reports whether a read would bring something, bytes, the end or an error,
// or an accept a connection. If the kernel does not tell, it might. It takes pipes, too.
func HasInput(fd int) bool { return hasInput(fd) }

// ReceiveFrom is Receive that tells who has sent it; none for a stream.
func ReceiveFrom(fd int, p []byte) (n int, from Addr, err error) { return receiveFrom(fd, p) }

// Send sends as much of p as there is room for, a datagram whole. It does not block
// either, and no signal tells that the peer is gone.
func Send(fd int, p []byte) (int, error) { return send(fd, p) }

// SendTo is Send to an address that For has returned.
func SendTo(fd int, p []byte, to Addr) (int, error) { return sendTo(fd, p, to) }

// Blocks tells whether calls on the socket wait.
func Blocks(fd int) (bool, error) { return blocks(fd) }

// SetNonblock makes calls on the socket return instead of waiting, for every
// descriptor that shares it.
func SetNonblock(fd int) error { return setNonblock(fd) }

// Option reads a number.
func Option(fd, level, name int) (int, error) { return option(fd, level, name) }

// SetOption sets a number.
func SetOption(fd, level, name, value int) error { return setOption(fd, level, name, value) }

// Switch is an option that is on or off.
type Switch uint8

// The switches.
const (
	ReuseAddress Switch = iota // bind although old connections have the address
	ReusePort                  // several sockets with one address share what arrives
	V6Only                     // an IPv6 socket takes no IPv4
	KeepAlive                  // ask a silent peer whether it is there
	NoDelay                    // send small segments at once
	Listening                  // Listen was called; cannot be set
	Broadcast                  // datagrams may go to broadcast addresses
)

// InheritsNoDelay says that an accepted connection has its listening socket's
// NoDelay, which saves a call for each. Other systems may do so too; none promises it.
const InheritsNoDelay = inheritsNoDelay

// On tells whether a switch is on.
func On(fd int, s Switch) (bool, error) { return on(fd, s) }

// Set turns a switch. It fails with an error that is errors.ErrUnsupported where
// the system does not have it.
func Set(fd int, s Switch, on bool) error { return set(fd, s, on) }

// Steer has the kernel choose by CPU among the sockets that share the port of fd, a
// socket with ReusePort: a connection whose first packet is handled on cpus[i] is
// the one's that was the i-th to begin to listen. Of several on one CPU, which must
// stand together, it is any; a CPU without one is left to the kernel's hash. fd has
// to listen by then: a socket with a program shares its port with no other one that
// is bound before it listens. It fails where the system has no such thing.
func Steer(fd int, cpus []int) error { return steer(fd, cpus) }

// Unread is the number of bytes that have arrived and were not read.
func Unread(fd int) (int, error) { return unread(fd) }

// Shutdown ends a direction of a connection, or both, for every descriptor that
// shares the socket.
func Shutdown(fd, how int) error { return shutdown(fd, how) }

// Dup makes another descriptor of the same socket, closed in programs that are
// started; -1 with an error.
func Dup(fd int) (int, error) { return valid(dup(fd)) }

// Close closes a descriptor. It is closed whatever the error.
func Close(fd int) error { return closeFD(fd) }
