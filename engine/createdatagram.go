package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/shardloop/shardloop/engine/internal/dgram"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// CreateDatagramEndpoint makes a socket for datagrams, and returns its transport and
// protocol: create_datagram_endpoint. The factory is called when the socket is
// there; ConnectionMade has been called when CreateDatagramEndpoint returns, and
// DatagramReceived has not.
//
// Of the families that the addresses have in common the first is taken for which a
// socket can be made, bound and connected. It fails with an *ArgError for bad
// options, also if there is no such family; with the *net.OpError of the first
// attempt; with a *net.DNSError; and when ctx ends, with its cause. Nothing is left
// open then. In a task it suspends the task; elsewhere it behaves as Await.
func (l *Loop) CreateDatagramEndpoint(ctx context.Context, f DatagramProtocolFactory, o DatagramOptions) (DatagramTransport, DatagramProtocol, error) {
	if f == nil {
		return nil, nil, badArg("f", "must not be nil")
	}
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	m, err := obtain(ctx, l, func(ctx context.Context) (m datagramsOf, err error) {
		s, err := l.datagramSocket(ctx, &o)
		if err == nil {
			m, err = l.introduceDatagrams(ctx, f, s, &o)
		}
		return m, err
	}, datagramsOf.abandon)
	if err != nil {
		return nil, nil, err
	}
	return m.transport, m.protocol, nil
}

// datagramsOf is what CreateDatagramEndpoint returns.
type datagramsOf struct {
	transport *datagramEndpoint
	protocol  DatagramProtocol
}

// abandon closes an endpoint that nobody was told of.
func (m datagramsOf) abandon() { m.transport.Close() }

// datagramSocket is a socket on its way to its transport.
type datagramSocket struct {
	fd        int
	kind      sock.Kind
	remote    sock.Addr
	connected bool
}

// introduceDatagrams makes the protocol and the transport of a socket, which it
// closes if that fails.
func (l *Loop) introduceDatagrams(ctx context.Context, f DatagramProtocolFactory, s datagramSocket, o *DatagramOptions) (m datagramsOf, err error) {
	if err = catch(func() { m.protocol = f() }); err == nil && m.protocol == nil {
		err = errNoProtocol
	}
	if err != nil {
		_ = sock.Close(s.fd) // nobody has it
		return m, err
	}
	ready := NewFuture[struct{}](l)
	m.transport = l.newDatagramEndpoint(s.fd, dgram.Options{
		Kind: s.kind, Remote: s.remote, Connected: s.connected, MaxSize: o.maxSize(s.kind.Family), Offload: o.Offload,
	}, m.protocol, func() { ready.settle(struct{}{}, nil) })
	if _, err = Await(ctx, ready); err != nil {
		m.abandon()
	}
	return m, err
}

// datagramSocket makes the socket that the options ask for.
func (l *Loop) datagramSocket(ctx context.Context, o *DatagramOptions) (s datagramSocket, err error) {
	if o.Sock != nil {
		return takeDatagrams(o.Sock)
	}
	pairs, err := l.addressPairs(ctx, o)
	if err != nil {
		return s, err
	}
	for _, p := range pairs {
		var failed error
		if s, failed = l.openPair(p, o); failed == nil {
			return s, nil
		}
		if err == nil {
			err = failed
		}
	}
	return s, err
}

// takeDatagrams empties a socket.
func takeDatagrams(k *Socket) (s datagramSocket, err error) {
	s.kind = k.kind
	if s.fd, err = k.take("read"); err != nil {
		return s, err
	}
	peer, err := sock.Peer(s.fd)
	if err == nil {
		s.remote, s.connected = peer, true
	}
	return s, nil
}

// openPair makes a socket, binds it and connects it, or leaves nothing.
func (l *Loop) openPair(p addressPair, o *DatagramOptions) (s datagramSocket, err error) {
	s = datagramSocket{kind: p.kind, remote: p.remote}
	if s.fd, err = sock.Open(p.kind); err != nil {
		return s, opError("socket", p.kind, p.local, p.remote, err)
	}
	if err = l.prepare(&s, p, o); err != nil {
		_ = sock.Close(s.fd) // the first error counts
	}
	return s, err
}

// prepare sets the options of a socket, and gives it its addresses.
func (l *Loop) prepare(s *datagramSocket, p addressPair, o *DatagramOptions) error {
	for _, option := range o.switches() {
		if err := sock.Set(s.fd, option, true); err != nil {
			return opError("setsockopt", p.kind, p.local, p.remote, err)
		}
	}
	if p.local.IsValid() {
		l.removeStale(p.local)
		if err := sock.Bind(s.fd, p.kind.Family, p.local); err != nil {
			return opError("bind", p.kind, p.local, sock.Addr{}, err)
		}
	}
	if !p.remote.IsValid() || o.AllowBroadcast {
		return nil
	}
	s.connected = true
	if _, err := sock.Connect(s.fd, p.kind.Family, p.remote); err != nil {
		return opError("connect", p.kind, p.local, p.remote, err)
	}
	return nil
}

// removeStale removes the file of a unix socket that the path belongs to no more.
// Failure is only logged: bind will tell.
func (l *Loop) removeStale(a sock.Addr) {
	if !a.IsUnix() || a.Name()[0] == 0 {
		return
	}
	info, err := os.Stat(a.Name())
	if err == nil && info.Mode()&fs.ModeSocket != 0 {
		err = os.Remove(a.Name())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.log.Error("the file of a unix socket cannot be checked or removed", "path", a.Name(), "error", err)
	}
}
