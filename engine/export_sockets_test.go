package engine

import (
	"context"
	"net/netip"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// What the tests of sockets and addresses see besides the API.
type (
	AddrHints struct{ Family, Type, Proto, Flags int }
	Service   = service
	Lookup    = lookup
)

func (h AddrHints) hints() addrHints { return addrHints{h.Family, h.Type, h.Proto, h.Flags} }

var (
	Interleave   = interleave
	ConnectError = connectError
	LocalsOf     = localsOf
	ParseHost    = parseHost
	ParsePort    = parsePort
	NetLookup    = netLookup
	Configured   = configured
	ServiceName  = serviceName
	AcceptNext   = acceptNext
	SockWaits    = waits
)

func NumericInfos(host string, port Service, h AddrHints) []AddrInfo {
	return numericInfos(host, port, h.hints())
}

func Named(name string) Service { return service{name: name} }

func Numbered(n uint16) Service { return service{number: n} }

func Find(ctx context.Context, find Lookup, host string, port Service, h AddrHints) ([]AddrInfo, error) {
	return find(ctx, host, port, h.hints())
}

func (l *Loop) Addresses(ctx context.Context, find Lookup, host string, port Service, h AddrHints) ([]AddrInfo, error) {
	return l.addresses(ctx, find, host, port, h.hints())
}

// Take empties the socket, as a call does that owns it afterwards.
func (s *Socket) Take(op string) (fd int, err error) { return s.take(op) }

// View is what a transport on the socket's descriptor shows of it. Its detach
// is the transport's loss.
func (s *Socket) View() (view *TransportSocket, detach func()) {
	local, _ := sock.Name(s.Fd())
	peer, _ := sock.Peer(s.Fd())
	view = newTransportSocket(s.Fd(), s.kind, local, peer)
	return view, view.detach
}

// SocketOn is a socket on the descriptor of a transport, which nobody can make.
func SocketOn(fd int, of *TransportSocket) *Socket { return newSocket(fd, of.kind) }

// BareView is a view whose owner knows no address.
func (s *Socket) BareView() *TransportSocket {
	return newTransportSocket(s.Fd(), s.kind, sock.Addr{}, sock.Addr{})
}

// LookupFunc is a lookup that only looks at the host.
func LookupFunc(fn func(host string) ([]AddrInfo, error)) Lookup {
	return func(_ context.Context, host string, _ service, _ addrHints) ([]AddrInfo, error) { return fn(host) }
}

// LookupContext is a lookup that only looks at its context.
func LookupContext(fn func(ctx context.Context) ([]AddrInfo, error)) Lookup {
	return func(ctx context.Context, _ string, _ service, _ addrHints) ([]AddrInfo, error) { return fn(ctx) }
}

// SetLookup replaces how the loop finds a host's addresses.
func (l *Loop) SetLookup(find Lookup) { l.lookup = find }

// SetNameLookup replaces how the loop finds the names of an address.
func (l *Loop) SetNameLookup(find func(ctx context.Context, at netip.AddrPort, flags int) ([2]string, error)) {
	l.nameLookup = find
}

// LookupHints is a lookup that looks at everything it is asked.
func LookupHints(fn func(host string, port Service, h AddrHints) ([]AddrInfo, error)) Lookup {
	return func(_ context.Context, host string, port service, h addrHints) ([]AddrInfo, error) {
		return fn(host, port, AddrHints{h.family, h.typ, h.proto, h.flags})
	}
}

// InfoAt is the row of a TCP address.
func InfoAt(at netip.AddrPort) AddrInfo {
	a, _ := sock.FromAddrPort(at) // without a zone
	return infoOf(a, socketKind{SockStream, IPProtoTCP})
}

// RaceFor runs attempts that return descriptors.
func RaceFor(ctx context.Context, l *Loop, delay time.Duration, attempts ...func(context.Context) (int, error)) (int, []error, error) {
	var list []func(context.Context) (endpoint, error)
	for _, fn := range attempts {
		list = append(list, func(ctx context.Context) (endpoint, error) {
			fd, err := fn(ctx)
			return endpoint{fd: fd}, err
		})
	}
	e, errs, err := raceFor(ctx, l, list, delay)
	return e.fd, errs, err
}

// Servers is how many servers the loop has that are not over.
func (l *Loop) Servers() int { return len(l.servers) }
