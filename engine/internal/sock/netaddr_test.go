package sock

import (
	"net"
	"net/netip"
	"testing"
)

// other is an address of somebody else's package.
type other struct{ net.Addr }

func (other) AddrPort() netip.AddrPort { return netip.MustParseAddrPort("10.0.0.1:9") }

func TestFromNet(t *testing.T) {
	for want, a := range map[string]net.Addr{
		"10.0.0.1:80":    &net.TCPAddr{IP: net.ParseIP("10.0.0.1"), Port: 80}, // 16 bytes
		"10.0.0.1:81":    &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1).To4(), Port: 81},
		"[::1]:82":       &net.UDPAddr{IP: net.IPv6loopback, Port: 82},
		"[fe80::1%7]:83": &net.UDPAddr{IP: net.ParseIP("fe80::1"), Port: 83, Zone: "7"},
		":84":            &net.TCPAddr{Port: 84},
		"10.0.0.1:0":     &net.IPAddr{IP: net.IPv4(10, 0, 0, 1)},
		"[fe80::2%8]:0":  &net.IPAddr{IP: net.ParseIP("fe80::2"), Zone: "8"},
		"10.0.0.1:9":     other{},
		"dir/name":       &net.UnixAddr{Name: "dir/name"},
		"":               &net.UnixAddr{},
	} {
		if got, err := FromNet(a); err != nil || got.String() != want || !got.IsValid() {
			t.Errorf("%v became %s, %v, want %s", a, got, err, want)
		}
	}
}

func TestFromNetFails(t *testing.T) {
	for _, c := range []struct {
		a    net.Addr
		want string
	}{
		{nil, "nil"},
		{(*net.TCPAddr)(nil), "nil"},
		{(*net.UDPAddr)(nil), "nil"},
		{(*net.IPAddr)(nil), "nil"},
		{(*net.UnixAddr)(nil), "nil"},
		{&net.IPNet{}, "*net.IPNet"},
		{&net.TCPAddr{Port: -1}, "port -1"},
		{&net.TCPAddr{Port: 65536}, "port 65536"},
		{&net.UDPAddr{IP: net.IP{1, 2, 3}}, "3 bytes"},
		{&net.TCPAddr{IP: net.IPv6loopback, Zone: "no-such-interface"}, "no-such-interface"},
	} {
		_, err := FromNet(c.a)
		wantBad(t, "FromNet", err, c.want)
	}
}

// TestNetAddr goes to package net and back.
func TestNetAddr(t *testing.T) {
	for _, a := range []Addr{
		AnyAddr(1), ipAddr(t, "10.0.0.1:80"), ipAddr(t, "[::1]:0"), ipAddr(t, "[fe80::1%7]:83"), UnixAddr("x"), UnixAddr(""),
	} {
		for _, typ := range []int{Stream, Dgram} {
			there := a.NetAddr(typ)
			if back, err := FromNet(there); err != nil || back != a || there.String() != a.String() {
				t.Errorf("%s became %s and %s, %v", a, there, back, err)
			}
		}
	}
	if a := (Addr{}).NetAddr(Stream); a != nil {
		t.Errorf("none became %v", a)
	}
	if a, ok := ipAddr(t, "[fe80::1%7]:83").NetAddr(Raw).(*net.IPAddr); !ok || a.String() != "fe80::1%7" {
		t.Errorf("a raw socket has the address %v", a)
	}
}

// TestZoneByName needs no interface of a certain name, only one at all.
func TestZoneByName(t *testing.T) {
	list, err := net.Interfaces()
	if err != nil || len(list) == 0 {
		t.Skip("this system has no network interfaces", err)
	}
	a, err := FromNet(&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: list[0].Name})
	if err != nil || a.Scope() != uint32(list[0].Index) {
		t.Errorf("%s, %v, want the scope %d", a, err, list[0].Index)
	}
}

func TestNetwork(t *testing.T) {
	for kind, want := range map[[2]int]string{
		{Inet, Stream}: "tcp", {Inet6, Stream}: "tcp", {Inet, Dgram}: "udp", {Inet6, Dgram}: "udp",
		{Inet, Raw}: "ip", {Inet6, Raw}: "ip", {Unix, Stream}: "unix", {Unix, Dgram}: "unixgram",
		{Unix, SeqPacket}: "unixpacket", {Unspec, Stream}: "socket", {Inet, SeqPacket}: "socket",
	} {
		if got := (Kind{kind[0], kind[1], 0}).Network(); got != want {
			t.Errorf("%v is %s, want %s", kind, got, want)
		}
	}
	for kind, want := range map[Kind]string{
		{Inet, Stream, TCP}: "tcp", {Inet6, Dgram, UDP}: "udp", {Inet, Stream, 132}: "sctp", {Inet6, SeqPacket, 132}: "sctp",
		{Inet, Dgram, 136}: "udplite", {Inet, Raw, 132}: "ip", {Unix, Stream, 132}: "unix",
	} {
		if got := kind.Network(); got != want {
			t.Errorf("%v is %s, want %s", kind, got, want)
		}
	}
	if a := UnixAddr("x").NetAddr(Dgram); a.Network() != "unixgram" {
		t.Errorf("a unix name for datagrams is of %s", a.Network())
	}
}
