package engine_test

import (
	"fmt"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// from connects from an address of this machine, and tells the loop that has the
// connection, which it ends.
func from(t *testing.T, ip net.IP, to net.Addr) byte {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}}
	c, err := d.Dial(to.Network(), to.String())
	must(t, err)
	defer c.Close()
	var told [1]byte
	_, err = c.Read(told[:])
	must(t, err)
	return told[0]
}

// TestGroupSources: an address always gets to the same loop, and not all to one; those
// of a loop that has ended get to the next.
func TestGroupSources(t *testing.T) {
	g := quietGroup(t, 3)
	s := serveGroup(t, g, tellsLoop(g), engine.GroupServerOptions{Balance: engine.BalanceSource})
	to := groupAddr(t, s)
	const n = 64
	var at [n]byte
	counts := map[byte]int{}
	for i := range at {
		at[i] = from(t, net.IPv4(127, 0, 0, byte(1+i)), to)
		counts[at[i]]++
	}
	if len(counts) != 3 {
		t.Errorf("the addresses of each loop: %v", counts)
	}
	g.Loops()[1].Stop()
	dies(g.Loops()[1])
	for i, before := range at {
		want := before
		if before == 1 {
			want = 2
		}
		isEqual(t, fmt.Sprint("loop of address ", i), from(t, net.IPv4(127, 0, 0, byte(1+i)), to), want)
	}
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that a loop was stopped")
	}
}

// TestGroupServesTooLate: a port that another one has by then cannot be served, and
// StartServing says so.
func TestGroupServesTooLate(t *testing.T) {
	g := startGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{
		Balance: engine.BalanceLeast, ServerOptions: engine.ServerOptions{Deferred: true},
	})
	other, err := net.Listen("tcp", groupAddr(t, s).String())
	must(t, err)
	wantErr(t, "StartServing", s.StartServing(t.Context()), syscall.EADDRINUSE)
	must(t, other.Close())
	must(t, s.StartServing(t.Context()))
	says(t, client(t, groupAddr(t, s)), "served")
}

func init() {
	exhaustedChildren["GroupBind"] = testGroupBindExhausted
	exhaustedChildren["GroupDrain"] = testGroupDrainExhausted
}

func TestGroupExhausted(t *testing.T) {
	for _, name := range []string{"GroupBind", "GroupDrain"} {
		t.Run(name, func(t *testing.T) { exhaustedChild(t, name) })
	}
}

// testGroupBindExhausted: without descriptors for the sockets of all loops there is
// none.
func testGroupBindExhausted(t *testing.T) {
	g := startGroup(t, 3)
	first := serveGroup(t, g, echo, engine.GroupServerOptions{})
	to := groupAddr(t, first)
	must(t, ends(first.Shutdown(t.Context())))
	for free := range 3 {
		c := &crowd{t: t}
		c.fill(free)
		_, err := g.CreateServer(t.Context(), echo, engine.GroupServerOptions{
			ServerOptions: local(engine.ServerOptions{Port: portOf(to)}),
		})
		wantErr(t, fmt.Sprint("with ", free), err, syscall.EMFILE)
		c.free(len(c.filler))
		refuses(t, to)
	}
}

// testGroupDrainExhausted: nothing of the queue is lost for want of descriptors: what
// is open on any loop makes room.
func testGroupDrainExhausted(t *testing.T) {
	g := quietGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	var all []net.Conn
	for i := range 6 {
		all = append(all, client(t, groupAddr(t, s)))
		says(t, all[i], "open")
	}
	release := blockLoop(t, g.Loops()[0], func() {})
	c := &crowd{t: t}
	c.fill(4)
	for range 4 {
		all = append(all, client(t, groupAddr(t, s)))
	}
	var end sync.WaitGroup
	end.Go(func() {
		counts, err := s.Shutdown(t.Context())
		must(t, err)
		isEqual(t, "counts", counts, engine.ShutdownStats{Open: 6, Queued: 4, Closed: 10})
	})
	release()
	end.Wait()
	for _, c := range all {
		hangsUp(t, c)
	}
	c.free(len(c.filler))
	must(t, ends(g.Shutdown(t.Context())))
}
