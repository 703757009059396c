package dgram

import (
	"net/netip"
	"testing"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

func TestJoinable(t *testing.T) {
	a, b := sock.AnyAddr(1), sock.IPAddr(netip.IPv6Loopback(), 2, 0)
	of := func(n, size int, to sock.Addr) (list []packet) {
		for range n {
			list = append(list, packet{data: make([]byte, size), to: to})
		}
		return list
	}
	row := func(lists ...[]packet) (all []packet) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	for name, c := range map[string]struct {
		list []packet
		want int
	}{
		"one":                 {of(1, 10, a), 1},
		"of one size":         {of(5, 10, a), 5},
		"the last is shorter": {row(of(3, 10, a), of(2, 9, a)), 4},
		"a longer one":        {row(of(3, 10, a), of(2, 11, a)), 3},
		"an empty one":        {row(of(3, 10, a), of(1, 0, a), of(3, 10, a)), 3},
		"empty ones":          {of(3, 0, a), 1},
		"another address":     {row(of(2, 10, a), of(3, 10, b)), 2},
		"many":                {of(100, 10, a), maxSegments},
		"long ones":           {of(50, 1472, a), 44},
		"just fits":           {row(of(1, maxMessage-1, a), of(2, 1, a)), 2},
		"longest":             {row(of(1, maxMessage, a), of(2, 1, a)), 1},
		"longer than can be":  {of(2, 70_000, a), 1},
	} {
		if got := joinable(c.list); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
