package engine

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// CreateServer listens on stream sockets and makes a protocol for each connection
// that comes: create_server. The server accepts when CreateServer returns, unless
// it is Deferred.
//
// It fails with an *ArgError for bad options, with a *net.DNSError, or with a
// *net.OpError that has the address. One that this machine does not have is left out;
// without any other it fails with all of them and syscall.EADDRNOTAVAIL. Nothing is
// left open then. In a task it suspends the task; elsewhere it behaves as Await.
func (l *Loop) CreateServer(ctx context.Context, f ProtocolFactory, o ServerOptions) (*Server, error) {
	if err := checkFactory(f); err != nil {
		return nil, err
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	return obtain(ctx, l, func(ctx context.Context) (*Server, error) {
		x, err := l.listeners(ctx, o)
		if err != nil {
			return nil, err
		}
		return l.newServer(f, o, x).begin(ctx)
	}, (*Server).Close)
}

// newServer makes a server of sockets that are bound.
func (l *Loop) newServer(f ProtocolFactory, o ServerOptions, x listening) *Server {
	s := &Server{loop: l, ctx: l.ctx, factory: f, options: o}
	s.listening = x
	for _, k := range x.sockets {
		local, _ := sock.Name(k.Fd()) // is bound
		s.views = append(s.views, newTransportSocket(k.Fd(), k.kind, local, sock.Addr{}))
	}
	if len(s.views) == 1 && !s.views[0].local.IsAny() {
		s.at = s.views[0].local
		s.atNet = s.at.NetAddr(SockStream)
	}
	l.servers = append(l.servers, s)
	return s
}

// begin serves, unless that is deferred, and closes the server if it fails.
func (s *Server) begin(ctx context.Context) (*Server, error) {
	if s.options.Deferred {
		return s, nil
	}
	err := s.serve()
	if err == nil {
		err = Sleep(ctx, 0) // so that the listeners are watched
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// listeners are the bound sockets that the options ask for.
func (l *Loop) listeners(ctx context.Context, o ServerOptions) (x listening, err error) {
	if g := o.given(); !g.isEmpty() {
		x.sockets, err = g.take()
		return x, err
	}
	infos, err := l.interfaces(ctx, o)
	if err != nil {
		return x, err
	}
	if x.sockets, err = bindAll(infos, o); err != nil {
		closeAll(x.sockets)
	}
	x.prompt = sock.InheritsNoDelay
	return x, err
}

func closeAll(sockets []*Socket) {
	for _, k := range sockets {
		_ = k.Close() // the first error counts
	}
}

// interfaces are the addresses to listen on, each once. Hosts are looked up at
// the same time.
func (l *Loop) interfaces(ctx context.Context, o ServerOptions) (infos []AddrInfo, err error) {
	hints := addrHints{family: o.Family, typ: SockStream, flags: o.Flags}
	if o.Flags == 0 {
		hints.flags = AIPassive
	}
	var lookups []*Task[[]AddrInfo]
	for _, host := range o.hosts() {
		lookups = append(lookups, CreateTask(l, func(ctx context.Context) ([]AddrInfo, error) {
			return l.resolve(ctx, "Port", host, o.Port, hints)
		}, TaskOptions{}))
	}
	found, err := Await(ctx, Gather(lookups...))
	if err != nil {
		return nil, err
	}
	seen := map[AddrInfo]bool{}
	for _, list := range found {
		for _, info := range list {
			info.CanonName = "" // or one address would be two
			if !seen[info] {
				seen[info] = true
				infos = append(infos, info)
			}
		}
	}
	return infos, nil
}

// bindAll binds a socket to each address. One that this machine does not have is
// left out, and so is a family that the system does not know, unless none is
// left.
func bindAll(infos []AddrInfo, o ServerOptions) (sockets []*Socket, err error) {
	for _, info := range infos {
		k, err := bindOne(info, o)
		switch {
		case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
			continue
		case err != nil:
			return sockets, err
		}
		sockets = append(sockets, k)
	}
	if len(sockets) == 0 {
		return nil, fmt.Errorf("could not bind on any address out of %v: %w", addressesOf(infos), syscall.EADDRNOTAVAIL)
	}
	return sockets, nil
}

func addressesOf(infos []AddrInfo) (out []Addr) {
	for _, info := range infos {
		out = append(out, info.Addr)
	}
	return out
}

// bindOne makes a socket for one address.
func bindOne(info AddrInfo, o ServerOptions) (*Socket, error) {
	kind := sock.Kind{Family: info.Family, Type: info.Type, Proto: info.Proto}
	fd, err := sock.Open(kind)
	if err != nil {
		return nil, opError("socket", kind, info.Addr, sock.Addr{}, err)
	}
	if err = configure(fd, kind, o); err == nil {
		err = sock.Bind(fd, kind.Family, info.Addr)
	}
	if err != nil {
		_ = sock.Close(fd) // the first error counts
		return nil, opError("bind", kind, info.Addr, sock.Addr{}, err)
	}
	return newSocket(fd, kind), nil
}

// configure sets the options that have to be set before the address is.
func configure(fd int, kind sock.Kind, o ServerOptions) error {
	for _, s := range []struct {
		option sock.Switch
		on     bool
	}{
		{sock.ReuseAddress, !o.NoReuseAddress && reuseAddress},
		{sock.ReusePort, o.ReusePort},
		{sock.KeepAlive, o.KeepAlive},
		{sock.V6Only, kind.Family == AFInet6},
		{sock.NoDelay, sock.InheritsNoDelay},
	} {
		if s.on {
			if err := sock.Set(fd, s.option, true); err != nil {
				return err
			}
		}
	}
	return nil
}
