package engine

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Flags of GetAddrInfo: socket.AI_PASSIVE and so on, with the numbers of Linux on
// every system.
const (
	AIPassive     = 0x1   // no host means every interface, not this machine
	AICanonName   = 0x2   // the first row has the host's canonical name
	AINumericHost = 0x4   // the host is an address: ask nobody
	AIV4Mapped    = 0x8   // IPv4 addresses as IPv6 ones, where a host has no others
	AIAddrConfig  = 0x20  // only families that the machine has an address of
	AINumericServ = 0x400 // the port is a number: ask nobody
)

const knownFlags = AIPassive | AICanonName | AINumericHost | AIV4Mapped | AIAddrConfig | AINumericServ

// lookup finds out what a host stands for. It blocks, on a goroutine of an
// executor, until it is done or ctx is. No host, which is the empty string, is
// this machine or, with AIPassive, its every interface.
type lookup func(ctx context.Context, host string, port service, h addrHints) ([]AddrInfo, error)

// addresses looks a host up without stopping the loop. What needs no lookup is
// answered at once; a host without an address is a *net.DNSError. It is called in
// a task, which it suspends; when the task goes on, so does the lookup no more.
func (l *Loop) addresses(ctx context.Context, find lookup, host string, port service, h addrHints) ([]AddrInfo, error) {
	if list := numericInfos(host, port, h); len(list) > 0 {
		return list, nil
	}
	while, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	list, err := Await(ctx, RunInExecutor(l, lookups{&l.executors}, func() ([]AddrInfo, error) { return find(while, host, port, h) }))
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
		if err == nil && h.flags&AIAddrConfig != 0 {
			network, err = configured(host, network, ownFamilies)
		}
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
		list, err := rows(ips, ports)
		if h.flags&AICanonName != 0 && err == nil {
			list = named(list, canonical(ctx, r, host), h)
		}
		return list, err
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

// configured leaves of a network what the machine has addresses of. A machine
// that has none at all, but for its loopback, keeps both families.
func configured(host, network string, own func() (four, six bool)) (string, error) {
	four, six := own()
	switch {
	case network == "ip" && four != six && four:
		return "ip4", nil
	case network == "ip" && four != six:
		return "ip6", nil
	case network == "ip4" && !four, network == "ip6" && !six:
		return "", noHost(host, "this machine has no address of the family")
	}
	return network, nil
}

// ownFamilies tells of which families the machine has an address, but for its
// loopback.
func ownFamilies() (four, six bool) {
	list, _ := net.InterfaceAddrs() // or none is known
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() {
			continue
		}
		if n.IP.To4() != nil {
			four = true
		} else {
			six = true
		}
	}
	return four, six
}

// canonical is the host's own name, or the one it was asked by.
func canonical(ctx context.Context, r *net.Resolver, host string) string {
	if _, ok := parseHost(host); ok {
		return host
	}
	if name, err := r.LookupCNAME(ctx, host); err == nil && name != "" {
		return strings.TrimSuffix(name, ".")
	}
	return host
}

// portOf is a port that sockets of a kind have.
type portOf struct {
	kind   socketKind
	number uint16
}

// lookupPorts finds the port for each kind of socket. A service that only some
// kinds have leaves the others out; raw sockets have none.
func lookupPorts(ctx context.Context, r *net.Resolver, port service, h addrHints) (list []portOf, err error) {
	kinds := h.kinds()
	if len(kinds) == 0 {
		return nil, badArg("proto", "does not belong to the type")
	}
	switch {
	case port.name != "" && h.flags&AINumericServ != 0:
		return nil, noHost(port.name, "the port is not a number")
	case port.name == "+", port.name == "-":
		return nil, noHost(port.name, "unknown port") // which package net takes for 0
	}
	for _, k := range kinds {
		n := int(port.number)
		if port.name != "" {
			if k.typ == SockRaw {
				continue
			}
			var failed error
			if n, failed = r.LookupPort(ctx, sock.Network(AFInet, k.typ), port.name); failed != nil {
				err = errors.Join(err, failed)
				continue
			}
		}
		list = append(list, portOf{k, uint16(n)})
	}
	if len(list) == 0 {
		return nil, cmp.Or(err, noHost(port.name, rawPort))
	}
	return list, nil
}

// rawPort is what is wrong with a service of raw sockets.
const rawPort = "raw sockets have no ports"

// lookupIPs finds the host's addresses of a network.
func lookupIPs(ctx context.Context, r *net.Resolver, network, host string, h addrHints) ([]netip.Addr, error) {
	if host == "" {
		return here(network, h.flags&AIPassive != 0), nil
	}
	ips, err := lookupHost(ctx, r, network, host, h)
	if network == "ip6" && h.flags&AIV4Mapped != 0 && len(ips) == 0 {
		if ips, err = lookupHost(ctx, r, "ip4", host, h); err == nil {
			for i, ip := range ips {
				ips[i] = netip.AddrFrom16(ip.As16())
			}
		}
	}
	return ips, err
}

func lookupHost(ctx context.Context, r *net.Resolver, network, host string, h addrHints) ([]netip.Addr, error) {
	if ip, ok := parseHost(host); ok {
		if network == "ip4" {
			ip = ip.Unmap()
		}
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
