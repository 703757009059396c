package engine_test

import (
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// perTurn is how many callbacks a turn of the benchmarks has: enough for the
// cost of the turn itself, about 300 ns, to disappear.
const perTurn = 1000

// benchTurns calls do b.N times on the loop, perTurn in each turn, so that what
// it schedules runs within the time that is measured.
func benchTurns(b *testing.B, l *engine.Loop, do func()) {
	b.Helper()
	b.ReportAllocs()
	left := b.N
	var next func(any)
	next = func(any) {
		n := min(left, perTurn)
		left -= n
		for range n {
			do()
		}
		if left == 0 {
			l.Stop() // and what was scheduled last has still to run
			return
		}
		_ = l.CallSoonArg(next, nil)
	}
	_ = l.CallSoonArg(next, nil)
	b.ResetTimer()
	run(b, l)
	turn(b, l)
}

// BenchmarkCall has the calls that run a callback in the next turn.
func BenchmarkCall(b *testing.B) {
	l := newLoop(b)
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"CallSoon", func() { l.CallSoon(nop) }},
		{"CallSoonArg", func() { _ = l.CallSoonArg(nopArg, nil) }},
		{"CallSoonThreadsafe", func() { _, _ = l.CallSoonThreadsafe(nop) }},
		{"CallSoonThreadsafeArg", func() { _ = l.CallSoonThreadsafeArg(nopArg, nil) }},
		{"CallLater", func() { l.CallLater(0, nop) }},
		{"CallLaterArg", func() { _ = l.CallLaterArg(0, nopArg, nil) }},
		{"CallAtArg", func() { _ = l.CallAtArg(0, nopArg, nil) }},
	} {
		b.Run(c.name, func(b *testing.B) { benchTurns(b, l, c.do) })
	}
}

// BenchmarkCancel has timers that never run, as most time limits.
func BenchmarkCancel(b *testing.B) {
	l := newLoop(b)
	timer := newTimer(nop)
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"CallLater", func() { l.CallLater(time.Minute, nop).Cancel() }},
		{"Schedule", func() {
			_ = l.Schedule(timer, time.Hour)
			l.Unschedule(timer)
		}},
		{"Move", func() { _ = l.Schedule(timer, time.Hour) }},
	} {
		b.Run(c.name, func(b *testing.B) { benchTurns(b, l, c.do) })
	}
}

// BenchmarkPost has posts of another goroutine, at most perTurn under way.
func BenchmarkPost(b *testing.B) {
	for name, post := range map[string]func(l *engine.Loop){
		"CallSoonThreadsafe":    func(l *engine.Loop) { _, _ = l.CallSoonThreadsafe(nop) },
		"CallSoonThreadsafeArg": func(l *engine.Loop) { _ = l.CallSoonThreadsafeArg(nopArg, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			l := newLoop(b)
			start(b, l)
			b.ReportAllocs()
			tick := make(chan struct{})
			mark := func(any) { tick <- struct{}{} }
			for i := range b.N {
				if post(l); i%perTurn == perTurn-1 {
					_ = l.CallSoonThreadsafeArg(mark, nil)
					<-tick
				}
			}
			onLoop(b, l, nop)
		})
	}
}

// BenchmarkReader is one event of add_reader a turn: a poll that finds it, its
// dispatch and the callback, on a descriptor that stays readable.
func BenchmarkReader(b *testing.B) {
	l := newLoop(b)
	r, w := pipe(b)
	fd, err := engine.FDOf(r)
	must(b, err)
	_, err = w.WriteString("x")
	must(b, err)
	left := b.N
	must(b, l.AddReader(fd, func() {
		if left--; left == 0 {
			l.Stop()
		}
	}))
	b.ReportAllocs()
	b.ResetTimer()
	run(b, l)
	b.StopTimer()
	must(b, l.Close())
}

// BenchmarkRunInExecutor is a job that does nothing, there and back, one at a
// time.
func BenchmarkRunInExecutor(b *testing.B) {
	l := newLoop(b)
	b.ReportAllocs()
	left := b.N
	job := func() (int, error) { return 0, nil }
	var next func(*engine.Future[int])
	next = func(*engine.Future[int]) {
		if left--; left < 0 {
			l.Stop()
			return
		}
		engine.RunInExecutor(l, nil, job).AddDoneCallback(next)
	}
	l.CallSoon(func() { next(nil) })
	b.ResetTimer()
	run(b, l)
}
