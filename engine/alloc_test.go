//go:build !race

package engine_test

import (
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// everyTurn counts the allocations of a turn in which fn is called, and of what
// fn schedules. All turns are in one run, and what grows at first has grown
// before the count begins.
func everyTurn(t *testing.T, l *engine.Loop, fn func()) float64 {
	t.Helper()
	start(t, l)
	done := make(chan struct{})
	call := func(any) { fn(); done <- struct{}{} }
	once := func() {
		_ = l.CallSoonThreadsafeArg(call, nil)
		<-done
	}
	for range 100 {
		once()
	}
	return testing.AllocsPerRun(300, once)
}

// TestAllocations: the calls without a handle allocate nothing once the queues
// and pools have grown, and those with one nothing but the handle.
func TestAllocations(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	const calls = 50
	for _, c := range []struct {
		name string
		want float64 // for each call
		do   func(l *engine.Loop, timer *engine.Timer)
	}{
		{"CallSoonArg", 0, func(l *engine.Loop, _ *engine.Timer) { _ = l.CallSoonArg(nopArg, l) }},
		{"CallSoonThreadsafeArg", 0, func(l *engine.Loop, _ *engine.Timer) { _ = l.CallSoonThreadsafeArg(nopArg, l) }},
		{"CallLaterArg", 0, func(l *engine.Loop, _ *engine.Timer) { _ = l.CallLaterArg(0, nopArg, l) }},
		{"CallAtArg", 0, func(l *engine.Loop, _ *engine.Timer) { _ = l.CallAtArg(l.Time()-1, nopArg, l) }},
		{"Schedule", 0, func(l *engine.Loop, timer *engine.Timer) { _ = l.Schedule(timer, l.Time()-1) }},
		{"Unschedule", 0, func(l *engine.Loop, timer *engine.Timer) {
			_ = l.Schedule(timer, l.Time()+time.Hour)
			l.Unschedule(timer)
		}},
		{"Stats", 0, func(l *engine.Loop, _ *engine.Timer) { _ = l.Stats() }},
		{"CallSoon", 1, func(l *engine.Loop, _ *engine.Timer) { l.CallSoon(nop) }},
		{"CallSoonThreadsafe", 1, func(l *engine.Loop, _ *engine.Timer) { _, _ = l.CallSoonThreadsafe(nop) }},
		{"CallLater", 1, func(l *engine.Loop, _ *engine.Timer) { l.CallLater(0, nop) }},
		{"Cancel", 1, func(l *engine.Loop, _ *engine.Timer) { l.CallLater(time.Hour, nop).Cancel() }},
	} {
		l, timer := newLoop(t), new(engine.Timer)
		timer.Init(nopArg, nil)
		got := everyTurn(t, l, func() {
			for range calls {
				c.do(l, timer)
			}
		})
		if got != c.want*calls {
			t.Errorf("%s: %v allocations in %d calls, want %v each", c.name, got, calls, c.want)
		}
	}
}

// TestAllocationsOfEvents: an event of a watched descriptor allocates nothing,
// and in debug mode neither, because what was fast is not described.
func TestAllocationsOfEvents(t *testing.T) {
	for _, debug := range []bool{false, true} {
		l := newLoop(t, engine.Config{Debug: debug})
		l.SetSlowCallbackDuration(time.Hour)
		r, w := pipe(t)
		fd, err := engine.FDOf(r)
		must(t, err)
		events, b := make(chan error), make([]byte, 1)
		must(t, l.AddReader(fd, func() {
			_, err := r.Read(b)
			events <- err
		}))
		start(t, l)
		once := func() {
			_, err := w.Write(b)
			must(t, err)
			must(t, <-events)
		}
		for range 100 {
			once()
		}
		if n := testing.AllocsPerRun(300, once); n != 0 {
			t.Errorf("debug %t: %v allocations", debug, n)
		}
		stopAndWait(l)
		must(t, l.Close())
	}
}
