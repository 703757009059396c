package engine

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

// CreateConnection connects to a stream socket, and returns the transport and the
// protocol of the connection: create_connection. The factory is called when the
// connection is there; ConnectionMade has been called when CreateConnection
// returns, and DataReceived has not.
//
// It fails with an *ArgError for bad options; with the error of the one attempt
// or a *MultiError of several, each a *net.OpError with its address; with a
// *net.DNSError; and when ctx ends, with its cause. Nothing is left open then. In
// a task it suspends the task; elsewhere it behaves as Await.
func (l *Loop) CreateConnection(ctx context.Context, f ProtocolFactory, o ConnectOptions) (Transport, Protocol, error) {
	if err := checkFactory(f); err != nil {
		return nil, nil, err
	}
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	return l.establish(ctx, f, o.Timeouts, func(ctx context.Context) (endpoint, error) { return l.connectAny(ctx, o) })
}

// Connect is CreateConnection that keeps the type of the protocol.
func Connect[P Protocol](ctx context.Context, l *Loop, f func() P, o ConnectOptions) (Transport, P, error) {
	var p P
	if f == nil {
		return nil, p, badArg("f", "must not be nil")
	}
	t, _, err := l.CreateConnection(ctx, func() Protocol { p = f(); return p }, o)
	return t, p, err
}

// AcceptedOptions are the keyword parameters of connect_accepted_socket; see
// ServerOptions.
type AcceptedOptions struct {
	TLS *tls.Config
	TLSOptions
	Timeouts Timeouts
}

func (o *AcceptedOptions) validate() error {
	return cmp.Or(o.Timeouts.validate("Timeouts."), validateServerTLS(o.TLS, o.TLSOptions))
}

// ConnectAcceptedSocket makes a transport of a connection that was accepted
// elsewhere: connect_accepted_socket. The transport owns the socket. It fails and
// waits as CreateConnection does.
func (l *Loop) ConnectAcceptedSocket(ctx context.Context, f ProtocolFactory, s *Socket, o AcceptedOptions) (Transport, Protocol, error) {
	if err := checkFactory(f); err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, nil, badArg("s", "must not be nil")
	}
	if err := cmp.Or(checkConnected("s", s), o.validate()); err != nil {
		return nil, nil, err
	}
	return l.establish(ctx, f, o.Timeouts, func(context.Context) (endpoint, error) { return takeSocket("accept", s) })
}

// checkConnected refuses a socket that no transport could be made of. nil is for
// others to refuse.
func checkConnected(arg string, s *Socket) error {
	switch {
	case s == nil:
		return nil
	case s.Type() != SockStream:
		return badArg(arg, "must be a stream socket")
	}
	if listens, err := sock.On(s.Fd(), sock.Listening); listens && err == nil {
		return badArg(arg, "must be connected, and listens")
	}
	return nil
}

func checkFactory(f ProtocolFactory) error {
	if f == nil {
		return badArg("f", "must not be nil")
	}
	return nil
}

// made is what establish returns.
type made struct {
	connection *connection
	protocol   Protocol
}

// establish makes the transport of the descriptor that connect returns, and
// waits until its protocol knows.
func (l *Loop) establish(ctx context.Context, f ProtocolFactory, t Timeouts, connect func(context.Context) (endpoint, error)) (Transport, Protocol, error) {
	m, err := obtain(ctx, l, func(ctx context.Context) (m made, err error) {
		e, err := connect(ctx)
		if err == nil {
			m, err = l.introduce(ctx, f, t, e)
		}
		return m, err
	}, made.abandon)
	if err != nil {
		return nil, nil, err
	}
	return m.connection.transport(), m.protocol, nil
}

// abandon closes a connection that nobody was told of.
func (m made) abandon() { m.connection.Close() }

// introduce makes the protocol and the transport of a descriptor, which it closes
// if that fails.
func (l *Loop) introduce(ctx context.Context, f ProtocolFactory, t Timeouts, e endpoint) (m made, err error) {
	if m.protocol, err = makeProtocol(f); err != nil {
		_ = sock.Close(e.fd) // nobody has it
		return m, err
	}
	return l.welcome(ctx, m.protocol, t, e)
}

// welcome makes the transport of a descriptor for a protocol, and waits until that
// knows.
func (l *Loop) welcome(ctx context.Context, p Protocol, t Timeouts, e endpoint) (m made, err error) {
	ready := NewFuture[struct{}](l)
	m = made{l.newConnection(e, p, l.ctx, func() { ready.settle(struct{}{}, nil) }), p}
	m.connection.Stream.SetTimeouts(stream.Timeouts(t))
	if _, err = Await(ctx, ready); err != nil {
		m.abandon()
		return m, err
	}
	if l.Debug() {
		tr := m.connection.transport()
		l.log.Debug("connected", "to", tr.ExtraInfo("peername"), "transport", tr, "protocol", p)
	}
	return m, nil
}

// errNoProtocol is what a factory gets that returned nil.
var errNoProtocol = errors.New("the protocol factory returned nil")

// makeProtocol calls the factory; a panic of it is a *PanicError.
func makeProtocol(f ProtocolFactory) (p Protocol, err error) {
	if err = catch(func() { p = f() }); err == nil && p == nil {
		err = errNoProtocol
	}
	return p, err
}

// connectAny connects to the first address that can be reached.
func (l *Loop) connectAny(ctx context.Context, o ConnectOptions) (e endpoint, err error) {
	if o.Sock != nil {
		return takeSocket("connect", o.Sock)
	}
	hints := addrHints{family: o.Family, typ: SockStream, proto: o.Proto, flags: o.Flags}
	infos, err := l.resolve(ctx, "Port", o.Host, o.Port, hints)
	if err != nil {
		return e, err
	}
	var locals []AddrInfo
	if o.LocalHost != "" || o.LocalPort != nil {
		if locals, err = l.resolve(ctx, "LocalPort", o.LocalHost, o.LocalPort, hints); err != nil {
			return e, err
		}
	}
	e, errs, err := l.connectTo(ctx, interleave(infos, o.interleaving()), locals, o.HappyEyeballsDelay)
	if err == nil && e.fd < 0 {
		err = connectError(errs, o.AllErrors)
	}
	return e, err
}

// connectTo connects to one of several addresses: without a delay in the caller's
// own task, as asyncio does, where a race would take turns to begin and to end.
func (l *Loop) connectTo(ctx context.Context, infos, locals []AddrInfo, delay time.Duration) (e endpoint, errs []error, err error) {
	if delay == 0 {
		return l.connectInTurn(ctx, infos, locals)
	}
	var attempts []func(context.Context) (endpoint, error)
	for _, info := range infos {
		attempts = append(attempts, func(ctx context.Context) (endpoint, error) {
			return tried(l.attempt(ctx, info, locals))
		})
	}
	return raceFor(ctx, l, attempts, delay)
}

// connectInTurn tries one address after the other. Its results are those of
// raceFor.
func (l *Loop) connectInTurn(ctx context.Context, infos, locals []AddrInfo) (e endpoint, errs []error, err error) {
	for _, info := range infos {
		e, failed, err := l.attempt(ctx, info, locals)
		if failed == nil {
			return e, nil, err
		}
		errs = append(errs, failed)
	}
	return endpoint{fd: -1}, errs, nil
}

// takeSocket empties a socket that is connected.
func takeSocket(op string, s *Socket) (e endpoint, err error) {
	e.family = s.Family()
	if e.fd, err = s.take(op); err == nil {
		e.peer, _ = sock.Peer(e.fd) // or it is not connected any more
	}
	return e, err
}

// resolve finds the addresses of a host with a port.
func (l *Loop) resolve(ctx context.Context, arg, host string, port any, h addrHints) ([]AddrInfo, error) {
	service, err := parsePort(arg, port)
	if err != nil {
		return nil, err
	}
	return l.addresses(ctx, l.lookup, host, service, h)
}

// attempt connects to one address. failed is why it could not, and err the end of
// the wait. In a task.
func (l *Loop) attempt(ctx context.Context, to AddrInfo, locals []AddrInfo) (e endpoint, failed, err error) {
	kind := sock.Kind{Family: to.Family, Type: to.Type, Proto: to.Proto}
	fd, failed := sock.Open(kind)
	if failed != nil {
		return e, opError("socket", kind, sock.Addr{}, to.Addr, failed), nil
	}
	if failed = bindLocal(fd, kind, locals); failed == nil {
		failed, err = l.connectSocket(ctx, fd, kind, to.Addr)
	}
	if failed != nil || err != nil {
		_ = sock.Close(fd) // the first error counts
		return endpoint{fd: -1}, failed, err
	}
	return endpoint{fd: fd, family: to.Family, peer: to.Addr}, nil, nil
}

// tried is an attempt for those to whom all errors are one.
func tried(e endpoint, failed, err error) (endpoint, error) { return e, cmp.Or(failed, err) }

// bindLocal binds a socket to the first local address that it can have. It fails
// with a *MultiError of all that it cannot have.
func bindLocal(fd int, kind sock.Kind, locals []AddrInfo) error {
	if len(locals) == 0 {
		return nil
	}
	fitting, err := localsOf(locals, kind.Family)
	if err != nil {
		return err
	}
	var errs []error
	for _, info := range fitting {
		err := sock.Bind(fd, kind.Family, info.Addr)
		if err == nil {
			return nil
		}
		errs = append(errs, opError("bind", kind, info.Addr, sock.Addr{}, err))
	}
	return &MultiError{errs}
}
