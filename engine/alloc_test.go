//go:build !race

package engine

import (
	"testing"
	"time"
)

// TestAllocations: scheduling by a method value that exists, arming and
// cancelling allocate nothing.
func TestAllocations(t *testing.T) {
	l := newLoop(t, Config{})
	k, far := timer(func() {}), timer(func() {})
	nop, f := func(any) {}, func() {}
	run(t, l, func() {
		if n := testing.AllocsPerRun(1000, func() {
			_ = l.Schedule(k, l.Time()+time.Hour)
			_ = l.Schedule(far, l.Time()-time.Hour)
			l.Unschedule(k)
			l.Unschedule(far)
			_ = l.Stats()
		}); n != 0 {
			t.Errorf("timers and Stats: %v allocations", n)
		}
	}, l.Stop)
	call := func() {
		for range 10 {
			_ = l.CallSoonArg(nop, l)
			_ = l.CallSoonThreadsafeArg(nop, l)
			_ = l.CallSoonArg(invoke, f)
		}
		l.Stop()
		_ = l.RunForever()
	}
	for range 10 {
		call()
	}
	if n := testing.AllocsPerRun(200, call); n != 0 {
		t.Errorf("callbacks in a run of their own: %v allocations", n)
	}
}
