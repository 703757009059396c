package engine

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Addr is the address of a socket: an IP address with a port, or the name of a
// unix socket. It is a comparable value; only a unix name is ever allocated.
type Addr = sock.Addr

// AddrFrom is an IP address with a port. It allocates nothing. It fails with an
// *ArgError for an address that is not valid, or whose zone is no interface. Any
// goroutine.
func AddrFrom(ap netip.AddrPort) (Addr, error) { return addrOr(sock.FromAddrPort(ap)) }

// AddrOf is the address a, a *net.UDPAddr or a *net.UnixAddr say. It fails with an
// *ArgError for one that is no address of a socket. Any goroutine.
func AddrOf(a net.Addr) (Addr, error) { return addrOr(sock.FromNet(a)) }

// addrOr has the error of an address as an argument's.
func addrOr(a Addr, err error) (Addr, error) {
	if err != nil {
		return Addr{}, badAddr("addr", err)
	}
	return a, nil
}

// AddrInfo is one way to reach a host: a row of socket.getaddrinfo.
type AddrInfo struct {
	Family    int // AFInet or AFInet6
	Type      int // SockStream, SockDgram or SockRaw
	Proto     int // IPProtoTCP, IPProtoUDP or 0
	CanonName string
	Addr      Addr
}

// addrHints restrict what a host may stand for; 0 is anything.
type addrHints struct{ family, typ, proto, flags int }

// socketKind is a type of socket with its usual protocol.
type socketKind struct{ typ, proto int }

// kinds lists the types of sockets that the hints leave, in getaddrinfo's order.
func (h addrHints) kinds() (list []socketKind) {
	for _, k := range []socketKind{{SockStream, IPProtoTCP}, {SockDgram, IPProtoUDP}, {SockRaw, 0}} {
		if k.typ == SockRaw {
			k.proto = h.proto // raw sockets take any
		}
		if (h.typ == 0 || h.typ == k.typ) && (h.proto == 0 || h.proto == k.proto) {
			list = append(list, k)
		}
	}
	if h.typ == 0 && h.proto != 0 {
		list = list[:1] // a protocol means its own type, and a raw socket only without one
	}
	return list
}

// service is a port, by its number or, when that is not known, by its name.
type service struct {
	number uint16
	name   string // empty when the number counts
}

// parsePort reads a port: a number, or a string with one, or the name of a
// service. Nothing, which is nil or the empty string, is 0. It fails with an
// *ArgError for arg.
func parsePort(arg string, port any) (service, error) {
	number := 0
	switch port := port.(type) {
	case nil:
	case int:
		number = port
	case uint16:
		number = int(port)
	case string:
		n, err := strconv.ParseInt(port, 10, 64)
		if port != "" && err != nil && !errors.Is(err, strconv.ErrRange) {
			return service{name: port}, nil
		}
		number = int(max(-1, min(n, math.MaxUint16+1))) // an int may have 32 bits
	default:
		return service{}, badArg(arg, fmt.Sprintf("must be a number or a string, not %T", port))
	}
	if number < 0 || number > math.MaxUint16 {
		return service{}, badArg(arg, "must be 0 to 65535")
	}
	return service{number: uint16(number)}, nil
}

// numericInfos are the rows of a host that is an IP address already, with a port
// that is a number already: nobody has to be asked. A scope, and which families
// there are, needs the system.
func numericInfos(host string, port service, h addrHints) (list []AddrInfo) {
	if port.name != "" || h.flags&AIAddrConfig != 0 || strings.Contains(host, "%") {
		return nil
	}
	ip, ok := parseHost(host)
	if !ok {
		return nil
	}
	if h.family == AFInet {
		ip = ip.Unmap()
	}
	a := sock.IPAddr(ip, port.number, 0)
	if h.family != AFUnspec && h.family != a.Family() {
		return nil
	}
	for _, k := range h.kinds() {
		list = append(list, infoOf(a, k))
	}
	return named(list, host, h)
}

// named puts the name of the host into the first row, if that was asked for.
func named(list []AddrInfo, name string, h addrHints) []AddrInfo {
	if h.flags&AICanonName != 0 && len(list) > 0 {
		list[0].CanonName = name
	}
	return list
}

func infoOf(a Addr, k socketKind) AddrInfo {
	return AddrInfo{Family: a.Family(), Type: k.typ, Proto: k.proto, Addr: a}
}

// interleave mixes the families of list, so that one that does not work cannot
// hold up the rest: first come so many of the family that is first in the list,
// then the families take turns. The order within a family stays. With 0 the list
// stays as it is.
func interleave(list []AddrInfo, first int) []AddrInfo {
	if first <= 0 || len(list) == 0 {
		return list
	}
	families := byFamily(list)
	ahead := min(first-1, len(families[0]))
	mixed := append(make([]AddrInfo, 0, len(list)), families[0][:ahead]...)
	families[0] = families[0][ahead:]
	for len(mixed) < len(list) {
		for i, f := range families {
			if len(f) > 0 {
				mixed = append(mixed, f[0])
				families[i] = f[1:]
			}
		}
	}
	return mixed
}

// byFamily has a list for each family, in the order in which they appear.
func byFamily(list []AddrInfo) (families [][]AddrInfo) {
	place := map[int]int{}
	for _, info := range list {
		i, ok := place[info.Family]
		if !ok {
			i = len(families)
			place[info.Family] = i
			families = append(families, nil)
		}
		families[i] = append(families[i], info)
	}
	return families
}

// localsOf picks the local addresses that a socket of the family can have.
// Without any it fails and names the family.
func localsOf(locals []AddrInfo, family int) (list []AddrInfo, err error) {
	for _, info := range locals {
		if info.Family == family {
			list = append(list, info)
		}
	}
	if len(list) == 0 {
		err = opError("bind", sock.Kind{Family: family, Type: SockStream}, Addr{}, Addr{},
			fmt.Errorf("no local address of the family %s", familyName(family)))
	}
	return list, err
}

func familyName(family int) string {
	switch family {
	case AFInet:
		return "IPv4"
	case AFInet6:
		return "IPv6"
	case AFUnix:
		return "unix"
	}
	return strconv.Itoa(family)
}
