package engine

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseHost reads a host that is an address, and asks nobody: the usual forms, and
// those of inet_aton, as getaddrinfo does.
func parseHost(host string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, true
	}
	return parseLoose(host)
}

// parseLoose reads an IPv4 address of one to four numbers, the last of which fills
// all bytes that are left: 127.1 is 127.0.0.1. Each is decimal, octal behind a zero,
// or hexadecimal behind 0x.
func parseLoose(host string) (ip netip.Addr, ok bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return ip, false
	}
	all := uint64(0)
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		digits, base := digitsOf(p)
		n, err := strconv.ParseUint(digits, base, bits)
		if err != nil {
			return ip, false
		}
		all = all<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}

// digitsOf is a number of C without its prefix, and its base.
func digitsOf(number string) (digits string, base int) {
	switch {
	case strings.HasPrefix(number, "0x"), strings.HasPrefix(number, "0X"):
		return number[2:], 16
	case len(number) > 1 && number[0] == '0':
		return number[1:], 8
	}
	return number, 10
}
