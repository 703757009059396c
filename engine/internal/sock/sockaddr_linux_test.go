package sock

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// encoded is the address as bytes, of which the rest was dirty.
func encoded(a Addr) []byte {
	var raw RawAddr
	for i := range raw {
		raw[i] = 0xff
	}
	return raw[:a.Encode(&raw)]
}

func TestSockaddrBytes(t *testing.T) {
	for _, c := range []struct {
		a      Addr
		family int
		rest   string
	}{
		{ipAddr(t, "1.2.3.4:258"), unix.AF_INET, "\x01\x02\x01\x02\x03\x04" + strings.Repeat("\x00", 8)},
		{ipAddr(t, "[::1]:258"), unix.AF_INET6, "\x01\x02" + strings.Repeat("\x00", 4+15) + "\x01" + strings.Repeat("\x00", 4)},
		{UnixAddr("ab"), unix.AF_UNIX, "ab\x00"},
		{UnixAddr("\x00ab"), unix.AF_UNIX, "\x00ab"},
		{UnixAddr(""), unix.AF_UNIX, ""},
	} {
		want := binary.NativeEndian.AppendUint16(nil, uint16(c.family))
		if got := string(encoded(c.a)); got != string(want)+c.rest {
			t.Errorf("%s is %q, want %q", c.a, got, string(want)+c.rest)
		}
	}
}

func TestSockaddrRoundTrip(t *testing.T) {
	for _, a := range []Addr{
		ipAddr(t, "10.0.0.1:80"), ipAddr(t, "[fe80::1%7]:83"), ipAddr(t, "[::ffff:1.2.3.4]:1"), UnixAddr(""), UnixAddr("path"),
		UnixAddr("\x00name"), UnixAddr("\x00with\x00zero"), UnixAddr(strings.Repeat("p", 107)), UnixAddr("\x00" + strings.Repeat("n", 107)),
	} {
		if got := Decode(encoded(a)); got != a {
			t.Errorf("%q came back as %q", a, got)
		}
	}
	for _, a := range []Addr{{}, AnyAddr(80)} {
		if raw := encoded(a); len(raw) != 0 {
			t.Errorf("%s has %d bytes", a, len(raw))
		}
	}
}

func TestDecodeWhatTheKernelMayWrite(t *testing.T) {
	family := func(n int, rest string) []byte {
		return append(binary.NativeEndian.AppendUint16(nil, uint16(n)), rest...)
	}
	for what, c := range map[string]struct {
		raw  []byte
		want Addr
	}{
		"nothing":                  {nil, Addr{}},
		"half a family":            {[]byte{1}, Addr{}},
		"a short IPv4":             {encoded(ipAddr(t, "10.0.0.1:80"))[:7], Addr{}},
		"a short IPv6":             {encoded(ipAddr(t, "[::1]:80"))[:27], Addr{}},
		"another family":           {family(unix.AF_NETLINK, "12345678"), Addr{}},
		"no name":                  {family(unix.AF_UNIX, ""), UnixAddr("")},
		"a path without its end":   {family(unix.AF_UNIX, "path"), UnixAddr("path")},
		"a path with two ends":     {family(unix.AF_UNIX, "path\x00\x00"), UnixAddr("path")},
		"a path of all the room":   {family(unix.AF_UNIX, strings.Repeat("p", 108)), UnixAddr(strings.Repeat("p", 108))},
		"more than there is room":  {family(unix.AF_UNIX, strings.Repeat("p", 110)), UnixAddr(strings.Repeat("p", 108))},
		"the kernel's own name":    {family(unix.AF_UNIX, "\x0000001"), UnixAddr("\x0000001")},
		"an IPv4 without its tail": {encoded(ipAddr(t, "10.0.0.1:80"))[:8], ipAddr(t, "10.0.0.1:80")},
	} {
		if got := Decode(c.raw); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// FuzzDecode wants that what can be read can be written, and is the same then.
func FuzzDecode(f *testing.F) {
	for _, a := range []Addr{IPAddr(netip.IPv6Unspecified(), 80, 7), UnixAddr(""), UnixAddr("p"), UnixAddr("\x00n")} {
		f.Add(encoded(a))
	}
	f.Add(make([]byte, 200))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := Decode(raw)
		if !a.IsValid() {
			return
		}
		fitting, err := a.For(a.Family())
		if err != nil {
			if len(a.Name()) != maxName { // a path without its end cannot be written
				t.Errorf("%q: %v", a, err)
			}
			return
		}
		if again := Decode(encoded(fitting)); again != a {
			t.Errorf("%q came back as %q", a, again)
		}
	})
}

func TestSockaddrAllocatesNothing(t *testing.T) {
	a, raw := ipAddr(t, "[fe80::1%7]:83"), RawAddr{}
	if n := testing.AllocsPerRun(100, func() {
		if Decode(raw[:a.Encode(&raw)]) != a {
			t.Error("not the same")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
