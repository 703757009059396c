package sock

import (
	"net/netip"
	"testing"
)

// TestNoDelayIsInherited: what InheritsNoDelay promises.
func TestNoDelayIsInherited(t *testing.T) {
	fd := opened(t, Inet, Stream)
	must(t, Bind(fd, Inet, IPAddr(netip.MustParseAddr("127.0.0.1"), 0, 0)))
	for _, want := range []bool{true, false, true} {
		must(t, Set(fd, NoDelay, want))
		must(t, Listen(fd, 8))
		at, err := Name(fd)
		must(t, err)
		connected(t, Inet, at)
		conn, _ := accepted(t, fd)
		if got, err := On(conn, NoDelay); err != nil || got != want {
			t.Errorf("NoDelay is %t, %v, want the listener's %t", got, err, want)
		}
	}
}
