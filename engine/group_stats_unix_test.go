//go:build unix

package engine_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// filled is an echo that reads to memory of its own.
type filled struct {
	engine.BaseProtocol
	transport engine.Transport
	memory    [512]byte
}

func (f *filled) ConnectionMade(t engine.Transport) { f.transport = t; _, _ = io.WriteString(t, "!") }
func (f *filled) GetBuffer(int) []byte              { return f.memory[:] }
func (f *filled) BufferUpdated(n int)               { _, _ = f.transport.Write(f.memory[:n]) }

// mixed makes echoes that begin with a sign, of two kinds, and fails now and then.
func mixed() engine.ProtocolFactory {
	var n atomic.Uint64
	return func() engine.Protocol {
		switch i := n.Add(1); {
		case i%10 == 0:
			panic("no protocol")
		case i%2 == 0:
			return &filled{}
		}
		p := echo().(*served)
		p.made = func(tr engine.Transport) { _, _ = io.WriteString(tr, "!") }
		return p
	}
}

// load is what clients have seen.
type load struct {
	accepted, refused, sent, received atomic.Uint64
}

// run connects n clients, each of which sends a number of bytes and reads the
// answers, and has them close or, where they stay, returns them.
func (o *load) run(t *testing.T, to net.Addr, n int, stay bool) (open []net.Conn) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			c, err := net.Dial(to.Network(), to.String())
			if err != nil {
				t.Error(err)
				return
			}
			if o.talk(t, c); stay {
				mu.Lock()
				defer mu.Unlock()
				open = append(open, c)
				return
			}
			c.Close()
		})
	}
	all.Wait()
	return open
}

func (o *load) talk(t *testing.T, c net.Conn) {
	o.accepted.Add(1)
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		o.refused.Add(1)
		return
	}
	o.received.Add(1)
	for range 1 + rand.IntN(5) {
		n := 1 + rand.IntN(20_000)
		go func() { _, _ = c.Write(make([]byte, n)) }() // reading tells
		p := make([]byte, n)
		if _, err := io.ReadFull(c, p); err != nil {
			t.Error(err)
			return
		}
		o.sent.Add(uint64(len(p)))
		o.received.Add(uint64(len(p)))
	}
}

// want compares with what the server says.
func (o *load) want(t *testing.T, when string, got engine.ServerStats, open int) {
	t.Helper()
	isEqual(t, when, got, engine.ServerStats{
		Accepted: o.accepted.Load(), Active: open, Refused: o.refused.Load(),
		Closed:        o.accepted.Load() - o.refused.Load() - uint64(open),
		BytesReceived: o.sent.Load(), BytesSent: o.received.Load(),
	})
}

// quietGroup is startGroup for loops on which things go wrong.
func quietGroup(t *testing.T, n int) *engine.Group {
	t.Helper()
	g, err := engine.NewGroup(n, hosted(t, engine.Config{}))
	must(t, err)
	for _, l := range g.Loops() {
		l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
	}
	must(t, g.Start())
	return g
}

// TestGroupStatsAddUp: the counts of all loops together are those of the clients,
// to the byte, while connections are open and when all are gone.
func TestGroupStatsAddUp(t *testing.T) {
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			g := quietGroup(t, 4)
			s := serveGroup(t, g, mixed(), engine.GroupServerOptions{Balance: balance})
			var o load
			o.run(t, groupAddr(t, s), 60, false)
			open := o.run(t, groupAddr(t, s), 40, true)
			refused := int(o.refused.Load())
			isEqual(t, "refused", refused, 10)
			settled(t, s, func(x engine.ServerStats) bool {
				return x.Accepted == x.Closed+x.Refused+uint64(x.Active) && x.Closed >= 54
			})
			active := totalOf(t, s).Active
			o.want(t, "open", totalOf(t, s), active)
			for _, c := range open {
				c.Close()
			}
			must(t, ends(g.Shutdown(t.Context())))
			o.want(t, "after the end", totalOf(t, s), 0)
		})
	}
}

// settled waits for what the loops are about to do anyway.
func settled(t *testing.T, s *engine.GroupServer, ok func(engine.ServerStats) bool) {
	t.Helper()
	for !ok(totalOf(t, s)) {
		runtime.Gosched()
	}
}

// TestGroupStatsOfADeadLoop: the numbers of a loop that died stay, and its
// connections are gone.
func TestGroupStatsOfADeadLoop(t *testing.T) {
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			g := quietGroup(t, 4)
			s := serveGroup(t, g, mixed(), engine.GroupServerOptions{Balance: balance})
			var o load
			open := o.run(t, groupAddr(t, s), 40, true)
			for _, victim := range []int{2, 0} {
				must(t, g.Loops()[victim].CallSoonThreadsafeArg(func(any) { runtime.Goexit() }, nil))
				for !g.Loops()[victim].IsClosed() {
					runtime.Gosched()
				}
				open = append(open, o.run(t, groupAddr(t, s), 20, true)...)
			}
			for _, c := range open {
				c.Close()
			}
			settled(t, s, func(x engine.ServerStats) bool { return x.Active == 0 })
			o.want(t, "after the deaths", totalOf(t, s), 0)
			list, err := s.Stats(t.Context())
			must(t, err)
			isEqual(t, "shards", len(list), 4)
			wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopDied)
			o.want(t, "after the end", totalOf(t, s), 0)
		})
	}
}

// TestServerStatsAdd: no number is left out or taken for another.
func TestServerStatsAdd(t *testing.T) {
	one := engine.ServerStats{Accepted: 1, Active: 2, Closed: 3, TimedOut: 4, Refused: 5, Pauses: 6, Shed: 7, BytesReceived: 8, BytesSent: 9}
	isEqual(t, "stats", fmt.Sprint(one.Add(one).Add(engine.ServerStats{})), "{2 4 6 8 10 12 14 16 18}")
	end := engine.ShutdownStats{Open: 1, Queued: 2, Closed: 3, Refused: 4, Aborted: 5, Unsent: 6}
	isEqual(t, "counts", fmt.Sprint(end.Add(end).Add(engine.ShutdownStats{})), "{2 4 6 8 10 12}")
}
