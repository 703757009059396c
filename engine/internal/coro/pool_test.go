package coro

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/shardloop/shardloop/internal/gid"
)

// TestReuse: a coroutine whose body has returned runs the next one, the last
// first, and the pool does not keep the body.
func TestReuse(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		a, b := p.Get(call(func() {})), p.Get(call(func() {}))
		if a == b {
			t.Fatal("one coroutine for two bodies")
		}
		a.Resume()
		b.Resume()
		if p.idles != 2 || a.body != nil {
			t.Errorf("%d are idle, with the body %v", p.idles, a.body)
		}
		if x, y := p.Get(call(func() {})), p.Get(call(func() {})); x != b || y != a {
			t.Error("the idle ones were not used again, the last first")
		}
		if p.idles != 0 {
			t.Errorf("%d are idle still", p.idles)
		}
	})
}

// TestReuseAllocates: a coroutine that is used again costs nothing.
func TestReuseAllocates(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		body := call(func() {})
		p.Get(body).Resume()
		if n := testing.AllocsPerRun(100, func() { p.Get(body).Resume() }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// TestIdleLimit: no more than so many are kept, and the others end at once.
func TestIdleLimit(t *testing.T) {
	var alive atomic.Int64
	owned(false, func(p *Pool) {
		p.Born, p.Gone = func() { alive.Add(1) }, func() { alive.Add(-1) }
		var all []*Coro
		for range idleLimit + 100 {
			all = append(all, p.Get(call(func() {})))
		}
		if n := alive.Load(); n != idleLimit+100 {
			t.Errorf("%d coroutines, want %d", n, idleLimit+100)
		}
		for _, c := range all {
			c.Resume()
		}
		if n := alive.Load(); n != idleLimit || p.idles != idleLimit || len(p.all) != idleLimit {
			t.Errorf("%d are alive and %d idle, want %d", n, p.idles, idleLimit)
		}
	})
	if n := alive.Load(); n != 0 {
		t.Errorf("%d are left after Close", n)
	}
}

// TestClose: Close ends each body that is suspended, once; those that never
// began never run.
func TestClose(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		var ended []int
		var all []*Coro
		for i := range 6 {
			all = append(all, spawn(p, func(c *Coro) {
				for c.Suspend() {
				}
				ended = append(ended, i)
			}))
		}
		for _, i := range []int{5, 1, 3, 0, 4, 3, 1} { // and never 2
			all[i].Resume()
		}
		p.Get(call(func() { t.Error("a body ran that had not begun") }))
		p.Close()
		slices.Sort(ended)
		if want := []int{0, 1, 3, 4, 5}; !slices.Equal(ended, want) {
			t.Errorf("ended %v, want %v", ended, want)
		}
	})
}

// TestSuspendAfterClose: Suspend reports false from then on, at once.
func TestSuspendAfterClose(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		refused := 0
		spawn(p, func(c *Coro) {
			for range 1000 {
				if !c.Suspend() {
					refused++
				}
			}
		}).Resume()
		p.Close()
		if refused != 1000 {
			t.Errorf("%d of 1000 Suspends were refused", refused)
		}
	})
}

// TestCloseNested: a body that is ended may take and resume others, those that
// suspend are ended as well.
func TestCloseNested(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		var ended []string
		waiting := func(name string) *Coro {
			return spawn(p, func(c *Coro) {
				c.Suspend()
				ended = append(ended, name)
			})
		}
		spawn(p, func(c *Coro) {
			c.Suspend()
			wantBool(t, "suspended in Close", waiting("new").Resume(), true)
			wantBool(t, "suspended", p.Get(call(func() {})).Resume(), false)
			ended = append(ended, "first")
		}).Resume()
		waiting("second").Resume()
		p.Get(call(func() {})).Resume() // is idle, and stopped before the others
		p.Close()
		slices.Sort(ended)
		if want := []string{"first", "new", "second"}; !slices.Equal(ended, want) {
			t.Errorf("ended %v, want %v", ended, want)
		}
	})
}

// TestCloseGoexit: bodies that end by Goexit while they are ended end the
// caller of Close, after the rest has ended.
func TestCloseGoexit(t *testing.T) {
	for _, locked := range []bool{false, true} {
		var alive atomic.Int64
		ended, returned := 0, false
		owned(locked, func(p *Pool) {
			p.Born, p.Gone = func() { alive.Add(1) }, func() { alive.Add(-1) }
			p.Get(call(runtime.Goexit)).Resume()
			p.Get(call(runtime.Goexit)).Resume()
			for range 10 {
				spawn(p, func(c *Coro) {
					defer runtime.Goexit()
					wantBool(t, "Suspend", c.Suspend(), false)
					ended++
				}).Resume()
			}
			p.Get(call(func() {})).Resume() // is idle
			p.Close()
			returned = true
		})
		if ended != 10 || returned || alive.Load() != 0 {
			t.Errorf("locked %t: %d of 10 ended, %d goroutines left; Close returned: %t", locked, ended, alive.Load(), returned)
		}
	}
}

// TestGoexitIsReaped: the goroutine of a body that ended by Goexit ends, at
// Close at the latest; that of a free pool with the next Get, be it the only one.
func TestGoexitIsReaped(t *testing.T) {
	for _, n := range []int{1, 100} {
		reaped(t, n, false)
		reaped(t, n, true)
	}
}

// reaped ends n bodies, and waits for their goroutines.
func reaped(t *testing.T, n int, locked bool) {
	gone := make(chan struct{}, n+1) // one more that runs in between
	owned(locked, func(p *Pool) {
		p.Born, p.Gone = func() {}, func() { gone <- struct{}{} }
		for range n {
			p.Get(call(runtime.Goexit)).Resume()
		}
		if !locked {
			p.Get(call(func() {})).Resume()
			for range n {
				<-gone
			}
		}
		if more := len(gone); more != 0 {
			t.Errorf("locked %t: %d goroutines more have ended", locked, more)
		}
	})
	if locked && len(gone) != n {
		t.Errorf("%d goroutines ended with Close, want %d", len(gone), n)
	}
}

// TestCloseAfterGoexit: the Goexit of a body that is over does not reach the caller
// of Close.
func TestCloseAfterGoexit(t *testing.T) {
	closed := false
	owned(false, func(p *Pool) {
		p.Get(call(runtime.Goexit)).Resume()
		p.Close()
		closed = true
	})
	wantBool(t, "Close has returned", closed, true)
}

// TestEndedIsCollected: a pool keeps none of the coroutines that are over.
func TestEndedIsCollected(t *testing.T) {
	owned(false, func(p *Pool) {
		ended := func(body func(c *Coro)) weak.Pointer[Coro] {
			c := spawn(p, body)
			if c.Resume() {
				c.Stop()
			}
			return weak.Make(c)
		}
		stopped := ended(func(c *Coro) { c.Suspend() })
		exited := ended(func(*Coro) { runtime.Goexit() })
		p.reap()
		p.reaping.Wait()
		runtime.GC()
		if stopped.Value() != nil || exited.Value() != nil {
			t.Errorf("kept: %v, %v", stopped.Value(), exited.Value())
		}
	})
}

// TestBornAndGone: each goroutine is told of once when it begins and once
// before it ends, on itself, whatever its bodies do.
func TestBornAndGone(t *testing.T) {
	for _, locked := range []bool{false, true} {
		var n atomic.Int64
		var born, gone journal
		owned(locked, func(p *Pool) {
			p.Born, p.Gone = born.add, gone.add
			for range 20 {
				p.Get(call(func() { n.Add(1) })).Resume()
				p.Get(call(runtime.Goexit)).Resume()
				spawn(p, func(c *Coro) { c.Suspend() }).Resume()
				spawn(p, func(c *Coro) { defer runtime.Goexit(); c.Suspend() }).Resume()
				p.Get(call(func() {}))
			}
		})
		if len(born.ids) == 0 || !slices.Equal(born.sorted(), gone.sorted()) {
			t.Errorf("locked %t: born %v\ngone %v", locked, born.ids, gone.ids)
		}
	}
}

// journal holds the identities of goroutines, one after the other.
type journal struct {
	busy atomic.Bool
	ids  []gid.ID
}

func (j *journal) add() {
	for !j.busy.CompareAndSwap(false, true) {
		runtime.Gosched()
	}
	j.ids = append(j.ids, gid.Current())
	j.busy.Store(false)
}

func (j *journal) sorted() []gid.ID {
	slices.Sort(j.ids)
	return j.ids
}

// TestZeroPool: a pool that nobody took anything from can be closed.
func TestZeroPool(*testing.T) { new(Pool).Close() }

// TestMany: 100,000 bodies are suspended at the same time, go on in another
// order after a collection, and the rest is ended by Close.
func TestMany(t *testing.T) {
	const many = 100_000
	owned(false, func(p *Pool) {
		ended := 0
		all := make([]*Coro, many)
		for i := range all {
			all[i] = spawn(p, func(c *Coro) { c.Suspend(); c.Suspend(); ended++ })
			wantBool(t, "suspended", all[i].Resume(), true)
		}
		runtime.GC()
		for i := range all {
			if c := all[many-1-i]; i%2 == 0 {
				c.Resume()
				wantBool(t, fmt.Sprint("suspended ", i), c.Resume(), false)
			}
		}
		if ended != many/2 || p.idles != idleLimit {
			t.Errorf("%d ended of %d, %d are idle", ended, many/2, p.idles)
		}
		p.Close()
		if ended != many {
			t.Errorf("%d ended of %d", ended, many)
		}
	})
}

// TestCloseResumes: a body that is ended may resume others, which return; the
// rest is ended all the same, each once.
func TestCloseResumes(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		ended := make([]int, 20)
		all := make([]*Coro, len(ended))
		for i := range all {
			all[i] = spawn(p, func(c *Coro) {
				other := len(all) - 1 - i
				if !c.Suspend() && ended[other] == 0 {
					all[other].Resume()
				}
				ended[i]++
			})
			all[i].Resume()
		}
		p.Close()
		for i, n := range ended {
			if n != 1 {
				t.Errorf("body %d was ended %d times", i, n)
			}
		}
	})
}
