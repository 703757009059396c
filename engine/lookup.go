package engine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Flags of lookups: socket.AI_PASSIVE and so on.
const (
	AIPassive     = 1 << iota // no host means every interface, not this machine
	_                         // AI_CANONNAME
	AINumericHost             // the host is an address: ask nobody
	AINumericServ = 1 << 10   // the port is a number: ask nobody
)

const knownFlags = AIPassive | AINumericHost | AINumericServ

// lookup finds out what a host stands for. It blocks, on a goroutine of an
// executor, until it is done or ctx is. No host, which is the empty string, is
// this machine or, with AIPassive, its every interface.
type lookup func(ctx context.Context, host string, port service, h addrHints) ([]AddrInfo, error)

// addresses looks a host up without stopping the loop. What needs no lookup is
// answered at once; a host without an address is a *net.DNSError. It is called in
// a task, which it suspends; when the task goes on, so does the lookup no more.
func (l *Loop) addresses(ctx context.Context, find lookup, host string, port service, h addrHints) ([]AddrInfo, error) {
	if info, ok := numericInfo(host, port, h); ok {
		return []AddrInfo{info}, nil
	}
	while, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	list, err := Await(ctx, RunInExecutor(l, nil, func() ([]AddrInfo, error) { return find(while, host, port, h) }))
	if err == nil && len(list) == 0 {
		err = noHost(host, "no addresses")
	}
	return list, err
}

func noHost(host, why string) error {
	return &net.DNSError{Err: why, Name: host, IsNotFound: true}
}

// netLookup is the lookup of package net. It fails with an *ArgError for flags
// and families that it does not know.
func netLookup(r *net.Resolver) lookup {
	return func(ctx context.Context, host string, port service, h addrHints) ([]AddrInfo, error) {
		network, err := h.network()
		if err != nil {
			return nil, err
		}
		ports, err := lookupPorts(ctx, r, port, h)
		if err != nil {
			return nil, err
		}
		ips, err := lookupIPs(ctx, r, network, host, h)
		if err != nil {
			return nil, err
		}
		return rows(ips, ports)
	}
}

// network is what package net calls the family.
func (h addrHints) network() (string, error) {
	if h.flags&^knownFlags != 0 {
		return "", badArg("flags", "has a flag that is not known")
	}
	switch h.family {
	case AFUnspec:
		return "ip", nil
	case AFInet:
		return "ip4", nil
	case AFInet6:
		return "ip6", nil
	}
	return "", badArg("family", "must be AFUnspec, AFInet or AFInet6")
}

// portOf is a port that sockets of a kind have.
type portOf struct {
	kind   socketKind
	number uint16
}

// lookupPorts finds the port for each kind of socket. A service that only some
// kinds have leaves the others out.
func lookupPorts(ctx context.Context, r *net.Resolver, port service, h addrHints) (list []portOf, err error) {
	kinds := h.kinds()
	if len(kinds) == 0 {
		return nil, badArg("proto", "does not belong to the type")
	}
	if port.name != "" && h.flags&AINumericServ != 0 {
		return nil, noHost(port.name, "the port is not a number")
	}
	for _, k := range kinds {
		n := int(port.number)
		if port.name != "" {
			var failed error
			if n, failed = r.LookupPort(ctx, sock.Network(AFInet, k.typ), port.name); failed != nil {
				err = errors.Join(err, failed)
				continue
			}
		}
		list = append(list, portOf{k, uint16(n)})
	}
	if len(list) == 0 {
		return nil, err
	}
	return list, nil
}

// lookupIPs finds the host's addresses, for each network of package net.
func lookupIPs(ctx context.Context, r *net.Resolver, network, host string, h addrHints) ([]netip.Addr, error) {
	if host == "" {
		return here(network, h.flags&AIPassive != 0), nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if network != "ip" && network != "ip"+strconv.Itoa(version(ip)) {
			return nil, noHost(host, "not an address of the family")
		}
		return []netip.Addr{ip}, nil
	}
	if h.flags&AINumericHost != 0 {
		return nil, noHost(host, "not an address")
	}
	ips, err := r.LookupNetIP(ctx, network, host)
	for i, ip := range ips {
		ips[i] = ip.Unmap() // a name has no mapped addresses, but they may come so
	}
	return ips, err
}

func version(ip netip.Addr) int {
	if ip.Is4() {
		return 4
	}
	return 6
}

// here is this machine: its every interface, or its loopback.
func here(network string, every bool) []netip.Addr {
	four, six := netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()
	if every {
		four, six = netip.IPv4Unspecified(), netip.IPv6Unspecified()
	}
	switch {
	case network == "ip4":
		return []netip.Addr{four}
	case network == "ip6":
		return []netip.Addr{six}
	case every:
		return []netip.Addr{four, six}
	}
	return []netip.Addr{six, four}
}

// rows has each address with each port.
func rows(ips []netip.Addr, ports []portOf) (list []AddrInfo, err error) {
	for _, ip := range ips {
		for _, p := range ports {
			a, err := sock.FromAddrPort(netip.AddrPortFrom(ip, p.number))
			if err != nil {
				return nil, noHost(ip.String(), err.Error())
			}
			list = append(list, infoOf(a, p.kind))
		}
	}
	return list, nil
}
