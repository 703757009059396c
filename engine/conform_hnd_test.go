package engine_test

import (
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/shardloop/shardloop/engine"
)

// held is a callback that keeps what the weak pointer shows alive. It is a
// function of its own so that no frame of the caller does.
//
//go:noinline
func held() (weak.Pointer[[1 << 10]byte], func()) {
	p := new([1 << 10]byte)
	return weak.Make(p), func() { p[0]++ }
}

// wantCollected complains unless the collector takes what w shows.
func wantCollected(t *testing.T, what string, w weak.Pointer[[1 << 10]byte]) {
	t.Helper()
	for range 100 {
		if w.Value() == nil {
			return
		}
		runtime.GC()
	}
	t.Errorf("%s keeps what its callback holds", what)
}

func TestHandleCancel(t *testing.T) {
	prove(t, "HND-01", func(t *testing.T) {
		l := newLoop(t)
		w, fn := held()
		soon := l.CallSoon(fn)
		w2, fn := held()
		posted, _ := l.CallSoonThreadsafe(fn)
		w3, fn := held()
		timer := l.CallLater(time.Hour, fn)
		fn = nil
		for range 2 {
			soon.Cancel()
			posted.Cancel()
			timer.Cancel()
		}
		if !soon.Cancelled() || !posted.Cancelled() || !timer.Cancelled() {
			t.Errorf("after Cancel: %v, %v, %v", soon, posted, timer)
		}
		wantCollected(t, "a cancelled handle", w)
		wantCollected(t, "a cancelled handle of CallSoonThreadsafe", w2)
		wantCollected(t, "a cancelled timer", w3)
		runtime.KeepAlive(soon)
		runtime.KeepAlive(posted)
		runtime.KeepAlive(timer)
	})
	prove(t, "HND-02", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		soon := l.CallSoon(j.adds("soon"))
		posted, _ := l.CallSoonThreadsafe(j.adds("posted"))
		timer := l.CallLater(0, j.adds("timer"))
		turn(t, l)
		for _, cancel := range []func(){soon.Cancel, posted.Cancel, timer.Cancel} {
			cancel()
		}
		if soon.Cancelled() || posted.Cancelled() || timer.Cancelled() {
			t.Error("Cancelled after a Cancel that came behind the callback")
		}
		turn(t, l)
		j.want(t, "soon", "posted", "timer")
	})
	prove(t, "HND-03", func(t *testing.T) {
		l := newLoop(t)
		ran, cancelled := l.CallSoon(func() {}), l.CallSoon(func() {})
		if ran.Cancelled() || cancelled.Cancelled() {
			t.Error("Cancelled before Cancel")
		}
		cancelled.Cancel()
		turn(t, l)
		if ran.Cancelled() || !cancelled.Cancelled() {
			t.Errorf("Cancelled is %t and %t", ran.Cancelled(), cancelled.Cancelled())
		}
	})
}

func TestHandleFace(t *testing.T) {
	prove(t, "HND-04", func(t *testing.T) {
		l := newLoop(t)
		ctx := named("A")
		posted, _ := l.CallSoonThreadsafeContext(ctx, func() {})
		timer := l.CallLaterContext(ctx, 0, func() {})
		var inner *engine.Handle
		outer := l.CallSoonContext(ctx, func() { inner = l.CallSoon(func() {}) })
		turn(t, l)
		for i, h := range []*engine.Handle{outer, inner, posted, &timer.Handle} {
			if h.Context() != ctx {
				t.Errorf("handle %d has the context %v", i, h.Context())
			}
		}
		if h := l.CallSoon(func() {}); h.Context() != l.Context() {
			t.Errorf("the default context is %v", h.Context())
		}
	})
	prove(t, "HND-05", func(t *testing.T) {
		l := newLoop(t)
		want := func(h interface{ String() string }, pattern string) {
			t.Helper()
			if !regexp.MustCompile("^" + pattern + "$").MatchString(h.String()) {
				t.Errorf("String is %s, want %s", h, pattern)
			}
		}
		const callback = `\S*named5\(\) at conform_hnd_test\.go:\d+`
		h, timer := l.CallSoon(named5), l.CallAt(5*time.Second, named5)
		want(h, `<Handle `+callback+`>`)
		want(timer, `<TimerHandle when=5s `+callback+`>`)
		h.Cancel()
		want(h, `<Handle cancelled>`)
		l.SetDebug(true)
		want(l.CallSoon(named5), `<Handle `+callback+` created at \S*conform_hnd_test\.go:\d+>`)
		want(l.CallLater(0, named5), `<TimerHandle when=\S+ `+callback+` created at \S*conform_hnd_test\.go:\d+>`)
	})
	prove(t, "HND-06", func(t *testing.T) {
		l := newLoop(t)
		timer := l.CallAt(7*time.Second, func() {})
		var h *engine.Handle = &timer.Handle
		var when interface{ When() time.Duration } = timer
		if when.When() != 7*time.Second || h.Cancelled() || h.Err() != nil {
			t.Errorf("the timer's handle is %v at %v", h, timer.When())
		}
		timer.Cancel()
		if !h.Cancelled() {
			t.Error("the timer is cancelled and its handle is not")
		}
	})
}

func named5() {}

func TestHandleEdges(t *testing.T) {
	prove(t, "HND-07", func(t *testing.T) {
		l := newLoop(t)
		first, _ := l.CallLater(time.Hour, func() {}), l.CallLater(time.Hour, func() {})
		for want := 2; want > 0; want-- {
			turn(t, l)
			if n := l.Stats().Timers; n != want {
				t.Errorf("%d timers are armed, want %d", n, want)
			}
			for range 3 {
				first.Cancel() // more than once
			}
		}
	})
	prove(t, "HND-08", func(t *testing.T) {
		l := newLoop(t)
		start(t, l)
		var ran atomic.Int32
		var cancelled atomic.Int32
		var all sync.WaitGroup
		const goroutines, calls = 4, 500
		for range goroutines {
			all.Go(func() {
				for range calls {
					var mine atomic.Bool
					h, _ := l.CallSoonThreadsafe(func() { mine.Store(true); ran.Add(1) })
					h.Cancel()
					if h.Cancelled() {
						cancelled.Add(1)
					}
					if h.Cancelled() && mine.Load() {
						t.Error("a handle ran and is cancelled")
					}
				}
			})
		}
		all.Wait()
		onLoop(t, l, func() {})
		if r, c := ran.Load(), cancelled.Load(); r+c != goroutines*calls {
			t.Errorf("%d ran and %d are cancelled, of %d", r, c, goroutines*calls)
		}
	})
	prove(t, "HND-09", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		var soon, posted *engine.Handle
		var timer *engine.TimerHandle
		soon = l.CallSoon(func() { soon.Cancel(); j.add("soon") })
		posted, _ = l.CallSoonThreadsafe(func() { posted.Cancel(); j.add("posted") })
		timer = l.CallLater(0, func() { timer.Cancel(); j.add("timer") })
		turn(t, l)
		turn(t, l)
		j.want(t, "soon", "posted", "timer")
	})
}

func TestHandleIsNotPooled(t *testing.T) {
	prove(t, "HND-11", func(t *testing.T) {
		l := newLoop(t)
		var stale []*engine.Handle
		var staleTimers []*engine.TimerHandle
		ran := 0
		for range 100 {
			for _, h := range stale {
				h.Cancel()
			}
			for _, h := range staleTimers {
				h.Cancel()
			}
			h, timer := l.CallSoon(func() { ran++ }), l.CallLater(0, func() { ran++ })
			for i := range stale {
				stale[i].Cancel()
				staleTimers[i].Cancel()
				if stale[i] == h || staleTimers[i] == timer {
					t.Error("a handle was used again")
				}
			}
			stale, staleTimers = append(stale, h), append(staleTimers, timer)
			turn(t, l)
		}
		if ran != 200 {
			t.Errorf("%d of 200 callbacks ran", ran)
		}
	})
}
