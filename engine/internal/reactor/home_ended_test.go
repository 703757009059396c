package reactor

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/internal/gid"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// ending counts the calls of Config.Ended, and holds the goroutine of the last.
type ending struct {
	calls atomic.Int64
	on    atomic.Uintptr
}

func (e *ending) ended() {
	e.calls.Add(1)
	e.on.Store(uintptr(gid.Current()))
}

// want complains unless Ended was called so often, and on that goroutine.
func (e *ending) want(t *testing.T, when string, calls int64, on uintptr) {
	t.Helper()
	if n, got := e.calls.Load(), e.on.Load(); n != calls || got != on {
		t.Errorf("%s: Ended was called %d times, on %x; want %d, on %x", when, n, got, calls, on)
	}
}

// homeOf runs the reactor and returns its goroutine.
func homeOf(t *testing.T, r *Reactor) (id uintptr) {
	t.Helper()
	within(t, r, func() { id = uintptr(gid.Current()) })
	return id
}

// TestEndedByClose: Ended is called once, on the loop's goroutine, by the Close
// that ends it, when nothing can be scheduled any more; and not between runs.
func TestEndedByClose(t *testing.T) {
	for _, locked := range []bool{false, true} {
		var e ending
		var r *Reactor
		r, _ = newSim(t, Config{LockThread: locked, Ended: func() {
			e.ended()
			expect(t, "Soon in Ended", r.Soon(nop, nil), ErrClosed)
			expect(t, "Post in Ended", r.Post(nop, nil), ErrClosed)
			expect(t, "Schedule in Ended", r.Schedule(timer(func() {}), 0), ErrClosed)
			expect(t, "Run in Ended", r.Run(), ErrClosed)
			if r.Cancel(timer(func() {})) || r.Running() || !r.Closed() {
				t.Error("the reactor is not closed in Ended")
			}
		}})
		home := homeOf(t, r)
		homeOf(t, r)
		e.want(t, "between runs", 0, 0)
		must(t, r.Close())
		e.want(t, "closed", 1, home)
		must(t, r.Close())
		e.want(t, "closed twice", 1, home)
	}
}

// TestEndedByGoexit: after a Goexit Ended is called once, before the run is told
// as over, whether the reactor is closed afterwards or not.
func TestEndedByGoexit(t *testing.T) {
	for _, locked := range []bool{false, true} {
		var e ending
		var r *Reactor
		r, _ = newSim(t, Config{LockThread: locked, Ended: func() {
			expect(t, "Soon in Ended", r.Soon(nop, nil), ErrDied)
			expect(t, "Close in Ended", r.Close(), ErrRunning)
			e.ended()
		}})
		home := homeOf(t, r)
		die(t, r)
		e.want(t, "dead", 1, home)
		must(t, r.Close())
		e.want(t, "closed", 1, home)
	}
}

// TestEndedUnclosed: a dead reactor that nobody closes calls Ended as well.
func TestEndedUnclosed(t *testing.T) {
	called := make(chan struct{}, 2)
	r, _ := newSim(t, Config{Ended: func() { called <- struct{}{} }})
	die(t, r)
	<-called
	must(t, r.Close())
	if len(called) != 0 {
		t.Error("Ended was called again by Close")
	}
}

// TestEndedExits: an Ended that ends its goroutine does not keep Close waiting.
func TestEndedExits(t *testing.T) {
	var e ending
	r, _ := newSim(t, Config{Ended: func() { e.ended(); runtime.Goexit() }})
	home := homeOf(t, r)
	must(t, r.Close())
	e.want(t, "closed", 1, home)
}

// TestEndedCollected: a reactor that is collected unclosed calls Ended once, on
// its goroutine.
func TestEndedCollected(t *testing.T) {
	var e ending
	called := make(chan struct{}, 2)
	var home uintptr
	func() { // whose frame, and so the reactor, is gone afterwards
		r, err := New(Config{Poller: simpoll.New(), Ended: func() { e.ended(); called <- struct{}{} }})
		must(t, err)
		home = homeOf(t, r)
	}()
	for len(called) == 0 {
		runtime.GC()
		runtime.Gosched()
	}
	e.want(t, "collected", 1, home)
	runtime.GC()
	if len(called) != 1 {
		t.Error("Ended was called again")
	}
}

// TestEndedNeverRan: a reactor that never ran has no goroutine that could end.
func TestEndedNeverRan(t *testing.T) {
	var e ending
	r, _ := newSim(t, Config{Ended: e.ended})
	must(t, r.Close())
	e.want(t, "closed", 0, 0)

	unclosed := make(chan struct{}, 1)
	func() {
		_, err := New(Config{Poller: simpoll.New(), Ended: e.ended, Unclosed: func() { unclosed <- struct{}{} }})
		must(t, err)
	}()
	for len(unclosed) == 0 {
		runtime.GC()
		runtime.Gosched()
	}
	e.want(t, "collected", 0, 0)
}
