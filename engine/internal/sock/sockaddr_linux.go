package sock

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// RawAddr has room for every address the kernel writes.
type RawAddr [unix.SizeofSockaddrAny]byte

// Where the parts of the kernel's structures are. The family comes first, in the
// machine's byte order; ports are big-endian, a scope is the machine's again.
const (
	atPort  = 2
	atIP4   = 4
	atIP6   = 8 // after the flow's label
	atScope = 24
	atName  = 2
)

// Encode writes the address as the kernel reads it and returns its size. Only
// what For returns without an error can be encoded; anything else has no size.
func (a Addr) Encode(to *RawAddr) int {
	family := a.Family()
	binary.NativeEndian.PutUint16(to[:], uint16(family))
	switch family {
	case Unix:
		return a.encodeName(to)
	case Inet:
		binary.BigEndian.PutUint16(to[atPort:], a.port)
		ip := a.ip.As4()
		copy(to[atIP4:], ip[:])
		clear(to[atIP6:unix.SizeofSockaddrInet4])
		return unix.SizeofSockaddrInet4
	case Inet6:
		binary.BigEndian.PutUint16(to[atPort:], a.port)
		clear(to[atPort+2 : atIP6])
		ip := a.ip.As16()
		copy(to[atIP6:], ip[:])
		binary.NativeEndian.PutUint32(to[atScope:], a.scope)
		return unix.SizeofSockaddrInet6
	}
	return 0
}

// encodeName ends a path with a zero byte. An abstract name is all the bytes
// there are, and an empty one none: the kernel then finds one by itself.
func (a Addr) encodeName(to *RawAddr) int {
	n := atName + copy(to[atName:atName+maxName], a.name)
	if len(a.name) == 0 || isAbstract(a.name) {
		return n
	}
	to[n] = 0
	return n + 1
}

// Decode reads an address that the kernel wrote. What is too short, or of a
// family this package does not know, is none. It never reads beyond raw.
func Decode(raw []byte) Addr {
	if len(raw) < atName {
		return Addr{}
	}
	switch family := int(binary.NativeEndian.Uint16(raw)); {
	case family == Unix:
		return UnixAddr(decodeName(raw[atName:]))
	case family == Inet && len(raw) >= atIP6:
		ip := netip.AddrFrom4([4]byte(raw[atIP4:]))
		return IPAddr(ip, binary.BigEndian.Uint16(raw[atPort:]), 0)
	case family == Inet6 && len(raw) >= unix.SizeofSockaddrInet6:
		ip := netip.AddrFrom16([16]byte(raw[atIP6:]))
		return IPAddr(ip, binary.BigEndian.Uint16(raw[atPort:]), binary.NativeEndian.Uint32(raw[atScope:]))
	}
	return Addr{}
}

// decodeName finds a path's end, which the size may include or not.
func decodeName(raw []byte) string {
	raw = raw[:min(len(raw), maxName)]
	if len(raw) == 0 || raw[0] == 0 {
		return string(raw)
	}
	path, _, _ := bytes.Cut(raw, []byte{0})
	return string(path)
}
