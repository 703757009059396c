//go:build !race

package reactor

import (
	"testing"
	"time"
)

// everyTurn counts the allocations of a turn in which each is called, and of
// what it schedules. The loop runs in one run, so that starting one is not
// counted; what grows at first has grown by then.
func everyTurn(t *testing.T, r *Reactor, each func(any)) float64 {
	t.Helper()
	tick, done := make(chan struct{}), start(r)
	call := func(arg any) {
		each(arg)
		tick <- struct{}{}
	}
	once := func() {
		must(t, r.Post(call, nil))
		<-tick
	}
	for range 100 {
		once()
	}
	allocs := testing.AllocsPerRun(500, once)
	r.Stop()
	must(t, <-done)
	return allocs
}

// TestAllocations: nothing on the way of a callback, a post, a timer or an
// event allocates. Every case includes a post that wakes the loop.
func TestAllocations(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, r *Reactor) func(any){
		"wake":         func(*testing.T, *Reactor) func(any) { return nop },
		"soon":         func(_ *testing.T, r *Reactor) func(any) { return repeat(100, func() { _ = r.Soon(nop, r) }) },
		"burst":        func(_ *testing.T, r *Reactor) func(any) { return repeat(5*chunkSize, func() { _ = r.Soon(nop, r) }) },
		"post":         func(_ *testing.T, r *Reactor) func(any) { return repeat(100, func() { _ = r.Post(nop, r) }) },
		"timer fires":  timerFires,
		"timer moves":  timerMoves,
		"timer cancel": timerCancels,
		"flush":        flushes,
		"chain":        chains,
	} {
		t.Run(name, func(t *testing.T) {
			r := newReactor(t, Config{Poller: bestPoller(t)})
			if n := everyTurn(t, r, prepare(t, r)); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func repeat(n int, f func()) func(any) {
	return func(any) {
		for range n {
			f()
		}
	}
}

func timerFires(_ *testing.T, r *Reactor) func(any) {
	timers := make([]Timer, 50)
	for i := range timers {
		timers[i].Init(nop, nil)
	}
	return func(any) {
		for i := range timers {
			_ = r.Schedule(&timers[i], r.Now()-int64(i))
		}
	}
}

func timerMoves(_ *testing.T, r *Reactor) func(any) {
	k := timer(func() {})
	return repeat(50, func() { _ = r.Schedule(k, r.Now()+int64(time.Hour)) })
}

func timerCancels(_ *testing.T, r *Reactor) func(any) {
	k := timer(func() {})
	return repeat(50, func() {
		_ = r.Schedule(k, r.Now()+int64(time.Hour))
		r.Cancel(k)
	})
}

// chains schedules a chain of ten turns.
func chains(_ *testing.T, r *Reactor) func(any) {
	left := 0
	var next func(any)
	next = func(any) {
		if left--; left > 0 {
			_ = r.Soon(next, nil)
		}
	}
	return func(any) {
		left = 10
		_ = r.Soon(next, nil)
	}
}

type flusher struct{}

func (*flusher) Flush() {}

func flushes(_ *testing.T, r *Reactor) func(any) {
	f := new(flusher)
	return repeat(10, func() { r.AtTurnEnd(f) })
}
