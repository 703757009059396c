package sock

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Addr is the address of a socket: an IP address with a port, the name of a unix
// socket, or none, which is the zero value. It is a value: two of the same
// address are equal by ==, and none but a unix name costs an allocation.
//
// An IP address may have a scope, the number of the interface that a link-local
// address belongs to. It may also be any: the wildcard of whatever family the
// socket has.
//
// A unix name is the path of a file, an abstract name that begins with a zero
// byte (Linux), or empty: a socket that was never bound.
type Addr struct {
	ip    netip.Addr // without a zone; invalid for any
	name  string
	scope uint32
	port  uint16
	kind  addrKind
}

type addrKind uint8

const (
	kindNone addrKind = iota
	kindIP
	kindUnix
)

// AddrError is an address that cannot be used. Nothing was touched.
type AddrError struct {
	Reason string // what is wrong, to follow the name of an argument
}

// Error tells the reason.
func (e *AddrError) Error() string { return "the address " + e.Reason }

func badAddr(format string, args ...any) error {
	return &AddrError{fmt.Sprintf(format, args...)}
}

// IPAddr is an IP address with a port. It drops a zone: scope takes its place.
func IPAddr(ip netip.Addr, port uint16, scope uint32) Addr {
	ip = ip.WithZone("")
	if !ip.Is6() || ip.Is4In6() {
		scope = 0
	}
	return Addr{ip: ip, port: port, scope: scope, kind: kindIP}
}

// AnyAddr is the wildcard with a port.
func AnyAddr(port uint16) Addr { return Addr{port: port, kind: kindIP} }

// UnixAddr is the name of a unix socket. Whether it fits is checked when it is
// used, see For.
func UnixAddr(name string) Addr { return Addr{name: name, kind: kindUnix} }

// FromAddrPort is the address ap. A zone is the number of an interface or its
// name; it fails with an *AddrError for one that the system does not have.
func FromAddrPort(ap netip.AddrPort) (Addr, error) {
	if !ap.IsValid() {
		return Addr{}, badAddr("is not valid")
	}
	scope, err := scopeOf(ap.Addr().Zone())
	return IPAddr(ap.Addr(), ap.Port(), scope), err
}

// IsValid tells whether it is an address at all.
func (a Addr) IsValid() bool { return a.kind != kindNone }

// IsUnix tells whether it is the name of a unix socket.
func (a Addr) IsUnix() bool { return a.kind == kindUnix }

// Name is the name of a unix socket, with the leading zero byte of an abstract
// one.
func (a Addr) Name() string { return a.name }

// Port is the port of an IP address.
func (a Addr) Port() uint16 { return a.port }

// Scope is the number of the interface that the address belongs to, or 0.
func (a Addr) Scope() uint32 { return a.scope }

// IsAny reports whether the address is that of every interface, or none at all.
func (a Addr) IsAny() bool { return a.kind != kindUnix && (!a.ip.IsValid() || a.ip.IsUnspecified()) }

// AddrPort is the IP address with its port, and the scope as a numeric zone. It
// is not valid for unix names and wildcards without a family.
func (a Addr) AddrPort() netip.AddrPort {
	ip := a.ip
	if a.scope != 0 {
		ip = ip.WithZone(strconv.FormatUint(uint64(a.scope), 10))
	}
	return netip.AddrPortFrom(ip, a.port)
}

// Family is Inet, Inet6, Unix, or Unspec for a wildcard and for none.
func (a Addr) Family() int {
	switch {
	case a.kind == kindUnix:
		return Unix
	case a.ip.Is4():
		return Inet
	case a.ip.Is6():
		return Inet6
	}
	return Unspec
}

// String is host and port as package net writes them, or the name of a unix
// socket with an at sign for a leading zero byte. None is empty.
func (a Addr) String() string {
	switch {
	case a.kind == kindUnix:
		return netName(a.name)
	case a.kind == kindIP && !a.ip.IsValid():
		return ":" + strconv.Itoa(int(a.port))
	case a.kind == kindIP:
		return a.AddrPort().String()
	}
	return ""
}

// For is the address as a socket of the family takes it: a wildcard becomes the
// family's own, and an IPv4 address is mapped for an IPv6 socket. It fails with
// an *AddrError when the family has no such address.
func (a Addr) For(family int) (Addr, error) {
	switch {
	case a.kind == kindNone:
		return a, badAddr("must not be empty")
	case a.kind == kindUnix && family == Unix:
		return a, checkName(a.name)
	case a.kind == kindIP && family == Inet:
		return a.for4()
	case a.kind == kindIP && family == Inet6:
		return a.for6(), nil
	}
	return a, badAddr("%s is not of the socket's family", a)
}

func (a Addr) for4() (Addr, error) {
	if !a.ip.IsValid() {
		a.ip = netip.IPv4Unspecified()
	}
	a.ip = a.ip.Unmap()
	if !a.ip.Is4() {
		return a, badAddr("%s is IPv6, and the socket is IPv4", a)
	}
	return a, nil
}

func (a Addr) for6() Addr {
	if !a.ip.IsValid() {
		a.ip = netip.IPv6Unspecified()
	}
	a.ip = netip.AddrFrom16(a.ip.As16())
	return a
}

// checkName wants a name that arrives in the kernel whole.
func checkName(name string) error {
	limit := maxName - 1 // a path ends with a zero byte
	if isAbstract(name) {
		limit = maxName
	} else if strings.IndexByte(name, 0) >= 0 {
		return badAddr("has a zero byte inside its path")
	}
	if len(name) > limit {
		return badAddr("has %d bytes, and the name of a unix socket at most %d", len(name), limit)
	}
	return nil
}
