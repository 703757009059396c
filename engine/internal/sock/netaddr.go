package sock

import (
	"net"
	"net/netip"
	"strconv"
)

// FromNet is the address a, which is one of package net or has a method AddrPort.
// An IPv4 address is one in whichever form, and no address at all the wildcard.
// Like package net it takes an at sign that begins a unix name for a zero byte,
// where there are abstract names. It fails with an *AddrError.
func FromNet(a net.Addr) (Addr, error) {
	switch a := a.(type) {
	case *net.TCPAddr:
		if a != nil {
			return fromIP(a.IP, a.Port, a.Zone)
		}
	case *net.UDPAddr:
		if a != nil {
			return fromIP(a.IP, a.Port, a.Zone)
		}
	case *net.IPAddr:
		if a != nil {
			return fromIP(a.IP, 0, a.Zone)
		}
	case *net.UnixAddr:
		if a != nil {
			return UnixAddr(kernelName(a.Name)), nil
		}
	case interface{ AddrPort() netip.AddrPort }:
		return FromAddrPort(a.AddrPort())
	case nil:
	default:
		return Addr{}, badAddr("is a %T, which is no address of a socket", a)
	}
	return Addr{}, badAddr("must not be nil")
}

func fromIP(raw net.IP, port int, zone string) (Addr, error) {
	if port < 0 || port > 65535 {
		return Addr{}, badAddr("has the port %d, and ports are 0 to 65535", port)
	}
	if len(raw) == 0 {
		return AnyAddr(uint16(port)), nil
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok {
		return Addr{}, badAddr("has an IP of %d bytes", len(raw))
	}
	scope, err := scopeOf(zone)
	return IPAddr(ip.Unmap(), uint16(port), scope), err
}

// scopeOf is the number of the interface that zone names.
func scopeOf(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, badAddr("has the zone %s: %v", zone, err)
	}
	return uint32(i.Index), nil
}

// NetAddr is the address as package net has it for a socket of the type: a
// *net.TCPAddr for streams, a *net.UDPAddr for datagrams, a *net.IPAddr for
// others, and a *net.UnixAddr for unix sockets. A zone is the interface's number,
// since its name would take system calls. None is nil.
func (a Addr) NetAddr(typ int) net.Addr {
	switch a.kind {
	case kindIP:
		return a.netIP(typ)
	case kindUnix:
		return &net.UnixAddr{Name: netName(a.name), Net: Network(Unix, typ)}
	}
	return nil
}

func (a Addr) netIP(typ int) net.Addr {
	ap := a.AddrPort()
	if typ == Stream {
		return tcpAddr(ap)
	}
	ip, zone := net.IP(ap.Addr().AsSlice()), ap.Addr().Zone()
	switch typ {
	case Dgram:
		return &net.UDPAddr{IP: ip, Port: int(a.port), Zone: zone}
	}
	return &net.IPAddr{IP: ip, Zone: zone}
}

// tcpAddr is an address in one allocation; there is one in each error of a
// connection.
func tcpAddr(ap netip.AddrPort) *net.TCPAddr {
	x := &struct {
		net.TCPAddr
		ip [16]byte
	}{TCPAddr: net.TCPAddr{Port: int(ap.Port()), Zone: ap.Addr().Zone()}}
	switch ip := ap.Addr(); {
	case ip.Is4():
		*(*[4]byte)(x.ip[:]) = ip.As4()
		x.IP = x.ip[:4:4]
	case ip.IsValid():
		x.ip = ip.As16()
		x.IP = x.ip[:]
	}
	return &x.TCPAddr
}

// Network is the name that package net has for sockets of a family and a type,
// or "socket" for one it does not know.
func Network(family, typ int) string {
	switch kind := [2]int{family, typ}; kind {
	case [2]int{Inet, Stream}, [2]int{Inet6, Stream}:
		return "tcp"
	case [2]int{Inet, Dgram}, [2]int{Inet6, Dgram}:
		return "udp"
	case [2]int{Inet, Raw}, [2]int{Inet6, Raw}:
		return "ip"
	case [2]int{Unix, Stream}:
		return "unix"
	case [2]int{Unix, Dgram}:
		return "unixgram"
	case [2]int{Unix, SeqPacket}:
		return "unixpacket"
	}
	return "socket"
}
