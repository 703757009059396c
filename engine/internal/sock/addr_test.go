package sock

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func ipAddr(t *testing.T, text string) Addr {
	t.Helper()
	a, err := FromAddrPort(netip.MustParseAddrPort(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// wantBad complains unless err is an *AddrError that contains text.
func wantBad(t *testing.T, what string, err error, text string) {
	t.Helper()
	var bad *AddrError
	if !errors.As(err, &bad) || !strings.Contains(bad.Reason, text) {
		t.Errorf("%s: %v, want an *AddrError with %q", what, err, text)
	}
}

func TestAddrParts(t *testing.T) {
	for _, c := range []struct {
		text   string
		family int
		scope  uint32
		port   uint16
	}{
		{"127.0.0.1:80", Inet, 0, 80},
		{"[::1]:65535", Inet6, 0, 65535},
		{"[fe80::1%7]:1", Inet6, 7, 1},
		{"[::ffff:10.0.0.1]:2", Inet6, 0, 2},
	} {
		a := ipAddr(t, c.text)
		if a.Family() != c.family || a.Scope() != c.scope || a.Port() != c.port || a.IsUnix() || !a.IsValid() {
			t.Errorf("%s became %+v", c.text, a)
		}
		if a.String() != c.text || a.AddrPort() != netip.MustParseAddrPort(c.text) {
			t.Errorf("%s is %s, %s", c.text, a, a.AddrPort())
		}
		if again := ipAddr(t, c.text); again != a {
			t.Errorf("%s is not equal to itself", c.text)
		}
	}
}

func TestAddrWithoutIP(t *testing.T) {
	none, anyone, file := Addr{}, AnyAddr(80), UnixAddr("dir/name")
	if none.IsValid() || none.String() != "" || none.Family() != Unspec {
		t.Errorf("none is %+v", none)
	}
	if !anyone.IsValid() || anyone.String() != ":80" || anyone.Family() != Unspec || anyone.Port() != 80 {
		t.Errorf("the wildcard is %+v", anyone)
	}
	if !file.IsUnix() || file.Name() != "dir/name" || file.String() != "dir/name" || file.Family() != Unix {
		t.Errorf("the file is %+v", file)
	}
	if file.AddrPort().IsValid() || anyone.AddrPort().IsValid() {
		t.Error("an address without an IP has one")
	}
	if unnamed := UnixAddr(""); unnamed == none || !unnamed.IsValid() {
		t.Error("an unnamed unix socket has no address")
	}
}

func TestIPAddrDropsWhatHasNoMeaning(t *testing.T) {
	ip4, mapped := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::ffff:10.0.0.1")
	if IPAddr(ip4, 1, 9) != IPAddr(ip4, 1, 0) || IPAddr(mapped, 1, 9) != IPAddr(mapped, 1, 0) {
		t.Error("an IPv4 address keeps a scope")
	}
	zoned := netip.MustParseAddr("fe80::1%eth7")
	if a := IPAddr(zoned, 1, 3); a.String() != "[fe80::1%3]:1" {
		t.Errorf("the scope takes the place of the zone: %s", a)
	}
}

func TestFromAddrPortFails(t *testing.T) {
	_, err := FromAddrPort(netip.AddrPort{})
	wantBad(t, "zero", err, "not valid")
	_, err = FromAddrPort(netip.MustParseAddrPort("[fe80::1%no-such-interface]:1"))
	wantBad(t, "zone", err, "no-such-interface")
}

func TestAddrFor(t *testing.T) {
	for _, c := range []struct {
		a      Addr
		family int
		want   string
	}{
		{AnyAddr(5), Inet, "0.0.0.0:5"},
		{AnyAddr(5), Inet6, "[::]:5"},
		{ipAddr(t, "10.0.0.1:5"), Inet, "10.0.0.1:5"},
		{ipAddr(t, "10.0.0.1:5"), Inet6, "[::ffff:10.0.0.1]:5"},
		{ipAddr(t, "[::ffff:10.0.0.1]:5"), Inet, "10.0.0.1:5"},
		{ipAddr(t, "[fe80::1%7]:5"), Inet6, "[fe80::1%7]:5"},
		{UnixAddr("x"), Unix, "x"},
		{UnixAddr(""), Unix, ""},
		{UnixAddr(strings.Repeat("x", maxName-1)), Unix, strings.Repeat("x", maxName-1)},
	} {
		if got, err := c.a.For(c.family); err != nil || got.String() != c.want || got.Family() != c.family {
			t.Errorf("%s for family %d: %s, %v, want %s", c.a, c.family, got, err, c.want)
		}
	}
}

func TestAddrForAnotherFamily(t *testing.T) {
	for _, c := range []struct {
		a      Addr
		family int
		want   string
	}{
		{Addr{}, Inet, "empty"},
		{Addr{}, Unix, "empty"},
		{ipAddr(t, "[::1]:5"), Inet, "is IPv6"},
		{ipAddr(t, "10.0.0.1:5"), Unix, "10.0.0.1:5 is not of the socket's family"},
		{AnyAddr(5), Unix, "family"},
		{UnixAddr("x"), Inet, "x is not of the socket's family"},
		{UnixAddr("x"), Inet6, "family"},
		{UnixAddr("a\x00b"), Unix, "zero byte"},
		{UnixAddr(strings.Repeat("x", maxName)), Unix, "at most"},
	} {
		_, err := c.a.For(c.family)
		wantBad(t, c.a.String(), err, c.want)
	}
}

func TestAddrAllocatesNothing(t *testing.T) {
	ip := netip.MustParseAddr("fe80::1")
	if n := testing.AllocsPerRun(100, func() {
		a := IPAddr(ip, 80, 7)
		if b, err := a.For(Inet6); err != nil || a != b {
			t.Error(b, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestIsAny(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1:1": false, "[::1]:1": false, "0.0.0.0:1": true, "[::]:1": true,
	} {
		a, err := FromAddrPort(netip.MustParseAddrPort(text))
		if err != nil || a.IsAny() != want {
			t.Errorf("%s: %t, %v", text, a.IsAny(), err)
		}
	}
	if !AnyAddr(1).IsAny() || !(Addr{}).IsAny() || UnixAddr("name").IsAny() {
		t.Error("not of an IP address")
	}
}
