//go:build unix

package stream

import (
	"fmt"
	"testing"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/poller"
)

// onLimited is onPollers with a limit of so many of the smallest blocks.
func onLimited(t *testing.T, blocks int, f func(t *testing.T, w *world)) {
	onLimits(t, func(c *Config) { c.MemoryLimit = blocks * buffers.MinBlock }, f)
}

func onLimits(t *testing.T, change func(*Config), f func(t *testing.T, w *world)) {
	for name, makePoller := range map[string]func() (poller.Poller, error){"best": poller.New, "poll": poller.NewPoll} {
		t.Run(name, func(t *testing.T) {
			p, err := makePoller()
			must(t, err)
			f(t, newWorld(t, p, change))
		})
	}
}

// kept are shares of smallest blocks.
type kept []buffers.Ref

// keep retains n more.
func (k *kept) keep(w *world, n int) {
	for range n {
		*k = append(*k, w.sh.Retain(make([]byte, buffers.MinBlock)))
	}
}

// release gives n back.
func (k *kept) release(n int) {
	for range n {
		(*k)[0].Release()
		*k = (*k)[1:]
	}
}

// paused wants the loop to be in its nth pause, or after it.
func (w *world) paused(now bool, pauses int) {
	w.t.Helper()
	s := w.sh.Stats()
	equal(w.t, "paused, pauses", fmt.Sprint(s.MemoryPaused, s.MemoryPauses), fmt.Sprint(now, pauses))
}

// TestMemoryPausesReading above the limit, until three quarters of it.
func TestMemoryPausesReading(t *testing.T) {
	onLimited(t, 8, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		var k kept
		k.keep(w, 8)
		p.write([]byte("a"))
		w.turn()
		o.says("data(1)")
		w.paused(false, 0)
		k.keep(w, 1)
		p.write([]byte("b"))
		w.turns(3)
		o.says("data(1)")
		w.paused(true, 1)
		equal(t, "reading", o.IsReading(), true)
		equal(t, "held", w.sh.Stats().Memory, 9*buffers.MinBlock)
		k.release(2)
		p.write([]byte("c"))
		p.shutdown()
		w.turns(3)
		o.says("data(1)")
		equal(t, "in the queue, for all that came", w.sh.memory.stalled.len(), 1)
		k.release(1)
		w.turns(2)
		o.says("data(1) data(2) end")
		equal(t, "received", o.in, p.out)
		w.paused(false, 1)
		equal(t, "eased", w.eased, 1)
		k.release(6)
		w.until(func() bool { return o.over })
	})
}

// TestACallbackPassesTheLimitOnce: what comes after it in the same turn waits.
func TestACallbackPassesTheLimitOnce(t *testing.T) {
	onLimited(t, 1, func(t *testing.T, w *world) {
		var k kept
		var all []*owner
		for range 3 {
			o, p := w.connect(unixPair)
			o.onData = func() { k.keep(w, 2) }
			p.write([]byte("x"))
			all = append(all, o)
		}
		for n := range 3 {
			w.turns(2)
			heard := 0
			for _, o := range all {
				heard += o.in.n
			}
			equal(t, "heard", heard, n+1)
			w.paused(true, n+1)
			k.release(2)
		}
		for _, o := range all {
			w.end(o)
		}
	})
}

// TestWhoWaitsLongestReadsFirst also before fresh input, and after a pause that
// begins in the middle of the queue.
func TestWhoWaitsLongestReadsFirst(t *testing.T) {
	onLimited(t, 2, func(t *testing.T, w *world) {
		var k kept
		var order []int
		var all []*owner
		var peers []*peer
		for i := range 5 {
			o, p := w.connect(unixPair)
			o.onData = func() {
				order = append(order, i)
				k.keep(w, 3)
			}
			all, peers = append(all, o), append(peers, p)
		}
		k.keep(w, 3)
		for _, i := range []int{3, 1, 4, 0} {
			peers[i].write([]byte("x"))
			w.turn()
		}
		for range 5 {
			peers[2].write([]byte("x")) // always has more
			k.release(len(k))
			w.turns(2)
		}
		equal(t, "order", fmt.Sprint(order), "[3 1 4 0 2]")
		k.release(len(k))
		for _, o := range all {
			w.end(o)
		}
	})
}

// TestThePauseOfTheOwner and that of the loop know nothing of each other.
func TestThePauseOfTheOwner(t *testing.T) {
	for _, ownerEndsFirst := range []bool{true, false} {
		for _, ownerBeginsFirst := range []bool{true, false} {
			onLimited(t, 4, func(t *testing.T, w *world) {
				o, p := w.connect(unixPair)
				var k kept
				begin := []func(){o.PauseReading, func() { k.keep(w, 5) }}
				end := []func(){o.ResumeReading, func() { k.release(5) }}
				w.turn(begin[index(!ownerBeginsFirst)])
				p.write([]byte("x"))
				w.turn()
				w.turn(begin[index(ownerBeginsFirst)])
				w.turn(end[index(!ownerEndsFirst)])
				w.turns(2)
				equal(t, "reading", o.IsReading(), ownerEndsFirst)
				o.says("")
				w.turn(end[index(ownerEndsFirst)])
				w.turns(2)
				o.says("data(1)")
				w.end(o)
			})
		}
	}
}

func index(second bool) int {
	if second {
		return 1
	}
	return 0
}

// TestWhatIsHeld: what counts, and until when.
func TestWhatIsHeld(t *testing.T) {
	onLimits(t, func(c *Config) { c.MemoryLimit = 1 << 30 }, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		held := func(what string, want int) {
			t.Helper()
			equal(t, what, w.sh.Stats().Memory, want)
		}
		held("nothing", 0)
		p.write([]byte("x"))
		w.turn()
		held("the input block", 0)
		w.turn(o.fill)
		base := w.sh.Stats().Memory
		equal(t, "blocks", base, w.sh.Buffered())
		must(t, o.WriteOwned(make([]byte, 1001), nil))
		held("owned", base+1001)
		must(t, o.Post(make([]byte, 2003)))
		must(t, o.PostOwned(make([]byte, 11), nil))
		held("posted", base+1001+2003+11)
		w.turn()
		held("arrived", w.sh.Buffered()+1001+11)
		ref := w.sh.Retain(make([]byte, buffers.MinBlock+1))
		other := ref.Share()
		held("retained", w.sh.Buffered()+1001+11+2*buffers.MinBlock)
		ref.Release()
		held("shared", w.sh.Buffered()+1001+11+2*buffers.MinBlock)
		other.Release()
		w.turn(o.Abort)
		w.turn()
		held("aborted", 0)
		equal(t, "closing", o.Post([]byte("x")), ErrClosing)
		held("refused", 0)
	})
}

// TestMemoryOfOthersCounts as a whole until its last byte is sent.
func TestMemoryOfOthersCounts(t *testing.T) {
	onLimits(t, func(c *Config) { c.MemoryLimit = 1 << 30 }, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		o.SetMarks(0, 1<<30)
		const size = 1 << 20
		w.turn(func() { must(t, o.WriteOwned(make([]byte, size), nil)) })
		for o.Buffered() > 0 {
			equal(t, "held", w.sh.Stats().Memory, size)
			p.read()
			w.turn()
		}
		equal(t, "held in the end", w.sh.Stats().Memory, 0)
		w.end(o)
	})
}

// TestTheInputBlockCounts once, however many shares there are of it, from Retain
// to the last of them.
func TestTheInputBlockCounts(t *testing.T) {
	onLimits(t, func(c *Config) { c.MemoryLimit = 1 << 30 }, func(t *testing.T, w *world) {
		var refs []buffers.Ref
		sent := pattern(2 * retainWhole)
		w.receive(sent, func(p []byte) {
			refs = append(refs, w.sh.Retain(p), w.sh.Retain(p[:retainWhole]))
			equal(t, "in the callback", w.sh.Stats().Memory, inputSize)
		})
		equal(t, "after it", w.sh.Stats().Memory, inputSize)
		refs[0].Release()
		equal(t, "one share", w.sh.Stats().Memory, inputSize)
		refs[1].Release()
		equal(t, "none", w.sh.Stats().Memory, 0)
	})
}

// TestAPostThatFails counts for nothing.
func TestAPostThatFails(t *testing.T) {
	p, err := poller.New()
	must(t, err)
	w := newWorld(t, p, func(c *Config) { c.MemoryLimit = 1 })
	o, _ := w.connect(unixPair)
	must(t, w.r.Close())
	equal(t, "posted", o.Post([]byte("x")) != nil && o.PostOwned([]byte("x"), nil) != nil, true)
	equal(t, "held", w.sh.Stats().Memory, 0)
	o.Drop()
	sysClose(o.Fd())
}

// TestNoLimitCountsNothing, and pauses for nothing.
func TestNoLimitCountsNothing(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		var k kept
		k.keep(w, 100)
		w.turn(o.fill)
		must(t, o.Post(make([]byte, 1<<20)))
		p.write([]byte("x"))
		w.turns(2)
		o.says("pause data(1)")
		s := w.sh.Stats()
		equal(t, "held", s.Memory, 0)
		w.paused(false, 0)
		k.release(100)
		w.turn(o.Abort)
		w.turn()
	})
}

// TestWritesGoOnInAPause: they are taken, sent, and told of as ever.
func TestWritesGoOnInAPause(t *testing.T) {
	onLimited(t, 8, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		w.turn(func() { o.write(pattern(DefaultHigh + 32<<10)) })
		p.write([]byte("request"))
		w.turn(func() { o.write(pattern(10000)) })
		must(t, o.Post(nil))
		w.paused(true, 1)
		o.says("pause")
		for !o.is("pause resume data(7)") {
			p.read()
			w.turn()
		}
		w.paused(false, 1)
		w.turn(o.WriteEOF)
		w.drain(p)
		equal(t, "sent", p.in, o.out)
		p.shutdown()
		w.until(func() bool { return o.over })
	})
}
