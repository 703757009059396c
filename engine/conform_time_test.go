package engine_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func TestCallLater(t *testing.T) {
	prove(t, "TIME-01", func(t *testing.T) {
		l, sim := simLoop(t)
		sim.Advance(3 * time.Second)
		var j journal
		later := l.CallLater(2*time.Second, j.adds("later"))
		at := l.CallAt(l.Time()+2*time.Second, j.adds("at"))
		if later.When() != at.When() || later.When() != 5*time.Second {
			t.Errorf("CallLater is for %v, CallAt for %v", later.When(), at.When())
		}
		l.CallLater(2*time.Second, l.Stop)
		run(t, l)
		j.want(t, "later", "at")
	})
	prove(t, "TIME-02", func(t *testing.T) {
		l, sim := simLoop(t)
		sim.Advance(time.Second)
		var j journal
		l.CallLater(0, j.adds("zero"))
		l.CallLater(-time.Minute, j.adds("negative"))
		l.CallLater(math.MinInt64, j.adds("lowest"))
		l.CallLater(1500*time.Nanosecond, func() { j.add("fraction"); l.Stop() })
		j.want(t)
		turn(t, l)
		j.want(t, "lowest", "negative", "zero")
		run(t, l)
		j.want(t, "fraction")
		if got := l.Time(); got != time.Second+1500*time.Nanosecond {
			t.Errorf("the fraction ran at %v", got)
		}
	})
	prove(t, "TIME-04", func(t *testing.T) {
		l, sim := simLoop(t)
		sim.Advance(time.Hour)
		var j journal
		l.CallSoon(func() {
			l.CallAt(l.Time()-time.Minute, j.adds("past"))
			l.CallAt(0, j.adds("start"))
			l.CallAt(math.MinInt64, j.adds("lowest"))
		})
		turn(t, l)
		j.want(t)
		turn(t, l)
		j.want(t, "lowest", "start", "past")
		if l.Time() != time.Duration(sim.Now()) {
			t.Errorf("Time is %v, the poller's clock %v", l.Time(), sim.Now())
		}
	})
}

func TestClock(t *testing.T) {
	prove(t, "TIME-05", func(t *testing.T) {
		l := newLoop(t)
		outer := time.Now()
		last, fine := l.Time(), false
		first := last
		for range 100_000 {
			now := l.Time()
			if now < last {
				t.Fatalf("the clock went back from %v to %v", last, now)
			}
			last, fine = now, fine || now%time.Microsecond != 0
		}
		if between := time.Since(outer); last-first > between {
			t.Errorf("the clock went %v in %v", last-first, between)
		}
		if !fine {
			t.Error("the clock counts whole microseconds")
		}
	})
	prove(t, "TIME-06", func(t *testing.T) {
		l, sim := simLoop(t)
		var j journal
		const when = 1000
		l.CallAt(when, j.adds("ran"))
		sim.Advance(when - 1)
		turn(t, l)
		j.want(t) // due when < now + 1 ns
		sim.Advance(1)
		turn(t, l)
		j.want(t, "ran")
	})
	prove(t, "TIME-07", func(t *testing.T) {
		l := newLoop(t)
		for range 5 {
			const delay = 7*time.Millisecond + 300*time.Microsecond
			begin := l.Time()
			var end time.Duration
			timer := l.CallLater(delay, func() { end = l.Time(); l.Stop() })
			run(t, l)
			if end-begin < delay || end < timer.When() {
				t.Errorf("a timer of %v ran after %v", delay, end-begin)
			}
		}
	})
}

func TestPollTimeout(t *testing.T) {
	const never = time.Duration(poller.NoDeadline)
	prove(t, "TIME-08", func(t *testing.T) {
		l, _, j := spiedSim(t)
		h := l.CallAt(time.Hour, func() {})
		l.CallAt(time.Minute, func() {
			j.add("timer")
			h.Cancel()
			l.CallSoon(func() { // the queue holds this: a poll that does not wait
				j.add("soon")
				go l.Stop()
			})
		})
		run(t, l)
		for _, line := range []string{"wait " + never.String(), "poll"} { // the loop may see the Stop before it waits
			if j.lines[len(j.lines)-1] == line {
				j.lines = j.lines[:len(j.lines)-1]
				break
			}
		}
		j.want(t, "wait 1m0s", "timer", "poll", "soon")
		l.CallAt(time.Hour, func() {})
		turn(t, l) // stopping: no wait
		j.want(t, "poll")
	})
	prove(t, "TIME-09", func(t *testing.T) {
		var waited []time.Duration
		sim := newSim()
		var l *engine.Loop
		p := &spy{Poller: sim, wait: func(d time.Duration) { waited = append(waited, d); l.Stop() }}
		l = newLoop(t, engine.Config{Poller: p})
		const century = 100 * 365 * 24 * time.Hour
		sim.Advance(time.Second)
		far, farthest := l.CallLater(century, func() {}), l.CallLater(math.MaxInt64, func() { t.Error("the end of time") })
		if far.When() != time.Second+century || farthest.When() != math.MaxInt64 {
			t.Errorf("the deadlines are %v and %v", far.When(), farthest.When())
		}
		run(t, l)
		if !slices.Equal(waited, []time.Duration{far.When()}) { // at once, not day by day
			t.Errorf("the loop waited until %v, want %v", waited, far.When())
		}
		if at := l.CallAt(math.MaxInt64, func() {}); at.When() != math.MaxInt64 || at.Err() != nil {
			t.Errorf("CallAt for the end of time is for %v, %v", at.When(), at.Err())
		}
	})
	prove(t, "TIME-10", func(t *testing.T) {
		l, sim := simLoop(t)
		type entry struct{ when, made int }
		var got []entry
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		for i := range 2000 {
			e := entry{random.IntN(300), i}
			l.CallAt(time.Duration(e.when)*time.Millisecond, func() { got = append(got, e) })
		}
		sim.Advance(time.Second)
		turn(t, l)
		ordered := slices.IsSortedFunc(got, func(a, b entry) int {
			if a.when != b.when {
				return a.when - b.when
			}
			return a.made - b.made
		})
		if len(got) != 2000 || !ordered {
			t.Errorf("seed %d: %d of 2000 timers ran, in order: %t", seed, len(got), ordered)
		}
	})
}

func TestTimerTurns(t *testing.T) {
	prove(t, "TIME-11", func(t *testing.T) {
		l, sim, j := spiedSim(t)
		fd := sim.Open()
		sim.SetReady(fd, poller.Readable|poller.Writable)
		l.CallAt(0, j.adds("timer"))
		if err := l.AddReader(fd, j.adds("read")); err != nil {
			t.Fatal(err)
		}
		if err := l.AddWriter(fd, j.adds("write")); err != nil {
			t.Fatal(err)
		}
		turn(t, l)
		j.want(t, "poll", "read", "write", "timer")
	})
	prove(t, "TIME-12", func(t *testing.T) {
		l, sim := simLoop(t)
		var j journal
		l.CallAt(time.Second, j.adds("ran"))
		_ = l.CallAtArg(time.Second, func(any) { j.add("ran too") }, nil)
		for range 10 {
			sim.Advance(time.Second)
			turn(t, l)
		}
		j.want(t, "ran", "ran too")
	})
	prove(t, "TIME-13", func(t *testing.T) {
		l, sim, j := spiedSim(t)
		fd := sim.Open()
		sim.SetReady(fd, poller.Readable)
		left := 3
		var again func()
		again = func() {
			j.add("timer")
			if left--; left == 0 {
				l.Stop()
				return
			}
			l.CallLater(0, again)
		}
		l.CallLater(0, again)
		if err := l.AddReader(fd, j.adds("io")); err != nil {
			t.Fatal(err)
		}
		sim.Advance(time.Second)
		run(t, l)
		j.want(t, "poll", "io", "timer", "poll", "io", "timer", "poll", "io", "timer")
	})
}

func TestTimerCancel(t *testing.T) {
	prove(t, "TIME-14", func(t *testing.T) {
		l, sim := simLoop(t)
		var j journal
		var due, early *engine.TimerHandle
		early = l.CallAt(10, j.adds("cancelled by a callback"))
		l.CallAt(20, func() { j.add("first"); due.Cancel() })
		due = l.CallAt(30, j.adds("cancelled when due"))
		l.CallAt(40, j.adds("last"))
		sim.Advance(time.Second)
		l.CallSoon(func() { early.Cancel() }) // in the turn in which it is due
		turn(t, l)
		turn(t, l)
		j.want(t, "first", "last")
		if !due.Cancelled() || !early.Cancelled() {
			t.Errorf("the timers are %v and %v", early, due)
		}
	})
	prove(t, "TIME-15", func(t *testing.T) {
		l, _, j := spiedSim(t)
		var list []*engine.TimerHandle
		for i := range 50 {
			list = append(list, l.CallAt(time.Duration(i+1)*time.Second, j.adds("cancelled")))
		}
		l.CallAt(time.Hour, l.Stop)
		for _, h := range list {
			h.Cancel()
		}
		run(t, l)
		j.want(t, "wait 1h0m0s") // and no wake-up for what was cancelled
		if n := l.Stats().Timers; n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
	prove(t, "TIME-16", func(t *testing.T) {
		l, _ := simLoop(t)
		round := func() uint64 {
			list := make([]*engine.TimerHandle, 20_000)
			for i := range list {
				list[i] = l.CallLater(time.Hour+time.Duration(i)*time.Second, func() {})
			}
			for _, h := range list {
				h.Cancel()
			}
			turn(t, l)
			if n := l.Stats().Timers; n != 0 {
				t.Errorf("%d cancelled timers are still there", n)
			}
			clear(list)
			return heapInUse()
		}
		first := round()
		var last uint64
		for range 8 {
			last = round()
		}
		const slack = 1 << 20 // less than one round of handles
		if last > first+slack {
			t.Errorf("cancelled timers make the heap grow from %d to %d bytes", first, last)
		}
	})
}

// heapInUse is what lives on the heap after a collection.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestTimerHandle(t *testing.T) {
	prove(t, "TIME-17", func(t *testing.T) {
		l := newLoop(t)
		w, fn := held()
		far := l.CallLater(1000*time.Hour, fn)
		fn = nil
		runtime.GC()
		if w.Value() == nil {
			t.Error("an armed timer does not keep what its callback holds")
		}
		far.Cancel()
		wantCollected(t, "a cancelled timer", w)
		runtime.KeepAlive(far)
	})
	prove(t, "TIME-18", func(t *testing.T) {
		l, sim := simLoop(t)
		const when = 7 * time.Second
		fired, cancelled := l.CallAt(when, func() {}), l.CallAt(when, func() {})
		check := func() {
			t.Helper()
			if fired.When() != when || cancelled.When() != when {
				t.Errorf("the deadlines are %v and %v, want %v", fired.When(), cancelled.When(), when)
			}
		}
		check()
		cancelled.Cancel()
		sim.Advance(time.Minute)
		turn(t, l)
		check()
	})
	prove(t, "TIME-19", func(t *testing.T) {
		l := newLoop(t)
		a, b, c := l.CallAt(1, func() {}), l.CallAt(2, func() {}), l.CallAt(2, func() {})
		if a.Compare(b) >= 0 || b.Compare(a) <= 0 || b.Compare(c) != 0 || a.Compare(a) != 0 {
			t.Errorf("Compare is %d, %d, %d and %d", a.Compare(b), b.Compare(a), b.Compare(c), a.Compare(a))
		}
		list := []*engine.TimerHandle{b, a, c}
		slices.SortStableFunc(list, (*engine.TimerHandle).Compare)
		if list[0] != a || list[1] != b || list[2] != c {
			t.Error("handles are not sorted by deadline")
		}
	})
}

func TestTimerClock(t *testing.T) {
	prove(t, "TIME-20", func(t *testing.T) {
		l, sim := simLoop(t)
		var timer *engine.TimerHandle
		l.CallSoon(func() {
			sim.Advance(10 * time.Millisecond) // a callback that takes its time
			timer = l.CallLater(10*time.Millisecond, l.Stop)
		})
		run(t, l)
		if timer.When() != 20*time.Millisecond || l.Time() < 20*time.Millisecond {
			t.Errorf("the timer was for %v and ran at %v", timer.When(), l.Time())
		}
	})
	prove(t, "TIME-21", func(t *testing.T) {
		l := newLoop(t)
		for delay := 10 * time.Millisecond; delay > 0; delay /= 10 {
			before := l.Stats().Turns
			l.CallLater(delay, l.Stop)
			run(t, l)
			if n := l.Stats().Turns - before; n > 20 {
				t.Errorf("a delay of %v took %d turns", delay, n)
			}
		}
	})
	prove(t, "TIME-22", func(t *testing.T) {
		l := newLoop(t, engine.Config{Debug: true})
		nothing := func() {}
		wantErr(t, "CallLater(nil)", panicOf(func() { l.CallLater(0, nil) }), engine.ErrInvalidArgument)
		wantErr(t, "CallAt(nil)", panicOf(func() { l.CallAt(0, nil) }), engine.ErrInvalidArgument)
		start(t, l)
		onLoop(t, l, func() {})
		wantErr(t, "CallLater beside the loop", panicOf(func() { l.CallLater(0, nothing) }), engine.ErrWrongThread)
		wantErr(t, "CallAt beside the loop", panicOf(func() { l.CallAt(0, nothing) }), engine.ErrWrongThread)
		wantErr(t, "CallAtArg beside the loop", l.CallAtArg(0, func(any) {}, nil), engine.ErrWrongThread)
	})
}

func TestTimerRest(t *testing.T) {
	prove(t, "TIME-23", func(t *testing.T) {
		l := newLoop(t)
		var got []any
		note := func() { got = append(got, l.Context().Value(contextKey{})) }
		l.CallAtContext(named("at"), 1, note)
		l.CallAtContext(named("later"), 2, func() { note(); l.CallAt(0, note) })
		l.CallAt(3, note)
		turn(t, l)
		turn(t, l)
		if !slices.Equal(got, []any{"at", "later", nil, "later"}) {
			t.Errorf("the contexts were %v", got)
		}
		if h := l.CallLaterContext(named("x"), time.Hour, note); h.Context().Value(contextKey{}) != "x" {
			t.Errorf("CallLaterContext has the context %v", h.Context())
		}
	})
	prove(t, "TIME-24", func(t *testing.T) {
		l, _ := simLoop(t)
		var at []time.Duration
		const day = 24 * time.Hour
		for _, d := range []time.Duration{day, 2 * day, 400 * day} {
			l.CallLater(d, func() { at = append(at, l.Time()) })
		}
		l.CallLater(401*day, l.Stop)
		run(t, l)
		if !slices.Equal(at, []time.Duration{day, 2 * day, 400 * day}) {
			t.Errorf("the timers ran at %v", at)
		}
	})
	prove(t, "TIME-27", func(t *testing.T) {
		l := newLoop(t)
		start(t, l)
		for range 50 {
			var h *engine.TimerHandle
			onLoop(t, l, func() { h = l.CallLater(time.Hour, func() { t.Error("a cancelled timer ran") }) })
			if _, err := l.CallSoonThreadsafe(h.Cancel); err != nil {
				t.Fatal(err)
			}
			onLoop(t, l, func() {})
			if !h.Cancelled() {
				t.Error("the timer is not cancelled")
			}
		}
	})
}
