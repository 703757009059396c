package engine_test

import (
	"fmt"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// sharing are n sockets that listen on one port.
func sharing(t *testing.T, n int, at net.Addr) (list []*engine.Socket) {
	t.Helper()
	for range n {
		s := newSocket(t, engine.AFInet, engine.SockStream)
		must(t, s.SetOption(unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		must(t, s.Bind(at))
		must(t, s.Listen(100))
		at, _ = s.LocalAddr()
		list = append(list, s)
	}
	return list
}

// TestGroupSocksShared: those that share a port are spread over the loops, however
// many there are of either, and the kernel balances. What was queued before is
// served.
func TestGroupSocksShared(t *testing.T) {
	for _, c := range []struct{ sockets, loops int }{{1, 1}, {1, 3}, {2, 2}, {2, 3}, {2, 4}, {5, 2}, {4, 1}} {
		t.Run(fmt.Sprintf("%d for %d", c.sockets, c.loops), func(t *testing.T) {
			list := sharing(t, c.sockets, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			at, err := list[0].LocalAddr()
			must(t, err)
			var early []net.Conn
			for range 30 {
				early = append(early, client(t, at))
			}
			g, seen := startGroup(t, c.loops), newCensus()
			s, err := g.CreateServer(t.Context(), seen.echo, engine.GroupServerOptions{
				ServerOptions: engine.ServerOptions{Socks: list},
			})
			must(t, err)
			isEqual(t, "addresses", len(s.Sockets()), 1)
			for _, conn := range early {
				says(t, conn, "early")
			}
			isEqual(t, "loops that serve", len(seen.visit(t, at, 100)), c.loops)
			isEqual(t, "one loop hands over", s.HandsOver(), false)
		})
	}
}

// TestGroupSocksMixed: where one address cannot be shared, the first loop has all.
func TestGroupSocksMixed(t *testing.T) {
	shared := sharing(t, 1, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	dual, zero := newSocket(t, engine.AFInet6, engine.SockStream), newSocket(t, engine.AFInet, engine.SockStream)
	for _, s := range []*engine.Socket{dual, zero} {
		must(t, s.SetOption(unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	if dual.SetOption(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0) == nil {
		_ = dual.Bind(&net.TCPAddr{IP: net.IPv6unspecified}) // listens all the same
	}
	for name, other := range map[string]*engine.Socket{"alone": bound(t), "dual": dual, "without a port": zero} {
		t.Run(name, func(t *testing.T) {
			dup, err := shared[0].Dup()
			must(t, err)
			g, seen := startGroup(t, 2), newCensus()
			s, err := g.CreateServer(t.Context(), seen.echo, engine.GroupServerOptions{
				ServerOptions: engine.ServerOptions{Socks: []*engine.Socket{dup, other}},
			})
			must(t, err)
			isEqual(t, "addresses", len(s.Sockets()), 2)
			isEqual(t, "one loop hands over", s.HandsOver(), true)
			at, err := shared[0].LocalAddr()
			must(t, err)
			got := seen.visit(t, at, 20)
			for _, l := range g.Loops() {
				isEqual(t, "connections of a loop", got[l], 10)
			}
		})
	}
}
