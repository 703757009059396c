package engine

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestNilCallback: a callback that is nil is refused, in every state, and
// nothing is scheduled.
func TestNilCallback(t *testing.T) {
	l, p := newSim(t, Config{})
	check := func() {
		badArgument(t, l.CallSoonArg(nil, 1), "fn")
		badArgument(t, l.CallSoonThreadsafeArg(nil, 1), "fn")
		fd := p.Open()
		badArgument(t, l.AddReader(fd, nil), "fn")
		badArgument(t, l.AddWriter(fd, nil), "fn")
		if _, ok := p.Registered(fd); ok {
			t.Error("a refused watch is registered")
		}
	}
	check()
	run(t, l, check, l.Stop)
	if s := l.Stats(); s.Callbacks != 2 || s.Descriptors != 0 {
		t.Errorf("%d callbacks ran and %d descriptors are watched", s.Callbacks, s.Descriptors)
	}
	expect(t, "Close", l.Close(), nil)
	badArgument(t, l.CallSoonArg(nil, 1), "fn")
	badArgument(t, l.CallSoonThreadsafeArg(nil, 1), "fn")
}

// TestArguments: callbacks get what they were scheduled with, in order, once,
// and never before the call that scheduled them returns.
func TestArguments(t *testing.T) {
	l, _ := newSim(t, Config{})
	var got []any
	note := func(arg any) { got = append(got, arg) }
	pointer := new(int)
	expect(t, "CallSoonArg", l.CallSoonArg(note, pointer), nil)
	expect(t, "CallSoonThreadsafeArg", l.CallSoonThreadsafeArg(note, "threadsafe"), nil)
	expect(t, "CallSoonArg", l.CallSoonArg(note, nil), nil)
	if len(got) != 0 {
		t.Error("a callback ran at once")
	}
	run(t, l, l.Stop)
	if want := []any{pointer, "threadsafe", nil}; !slices.Equal(got, want) {
		t.Errorf("called with %v, want %v", got, want)
	}
}

// TestThreadsafe: calls of other goroutines wake the loop, and keep the order
// of each.
func TestThreadsafe(t *testing.T) {
	const callers, each = 4, 1000
	l := newLoop(t, Config{})
	var all sync.WaitGroup
	left := callers * each
	for c := range callers {
		next := 0
		all.Go(func() {
			for i := range each {
				expect(t, "CallSoonThreadsafeArg", l.CallSoonThreadsafeArg(func(any) {
					if next++; next != i+1 {
						t.Errorf("caller %d: call %d came as number %d", c, i, next-1)
					}
					if left--; left == 0 {
						l.Stop()
					}
				}, nil), nil)
			}
		})
	}
	run(t, l)
	all.Wait()
}

// TestStates: what a loop answers before, in and between runs, and closed.
func TestStates(t *testing.T) {
	l, _ := newSim(t, Config{})
	if l.IsRunning() {
		t.Error("runs before a run")
	}
	run(t, l, func() {
		if !l.IsRunning() {
			t.Error("does not run in a run")
		}
		expect(t, "RunForever", l.RunForever(), ErrLoopRunning)
		expect(t, "Close", l.Close(), ErrLoopRunning)
		l.Stop()
	})
	l.Stop()
	run(t, l)
	expect(t, "Close", l.Close(), nil)
	expect(t, "Close", l.Close(), nil)
	l.Stop()
	if l.IsRunning() {
		t.Error("runs when closed")
	}
	closed(t, l, ErrLoopClosed)
}

// closed checks that all calls fail with want, and what still works.
func closed(t *testing.T, l *Loop, want error) {
	t.Helper()
	nop := func() {}
	expect(t, "RunForever", l.RunForever(), want)
	expect(t, "CallSoonArg", l.CallSoonArg(invoke, nop), want)
	expect(t, "CallSoonThreadsafeArg", l.CallSoonThreadsafeArg(invoke, nop), want)
	expect(t, "Schedule", l.Schedule(timer(nop), 0), want)
	expect(t, "AddReader", l.AddReader(0, nop), want)
	expect(t, "AddWriter", l.AddWriter(0, nop), want)
	if l.RemoveReader(0) || l.RemoveWriter(0) || l.Unschedule(timer(nop)) {
		t.Error("there was something to remove")
	}
	if l.Time() < time.Second {
		t.Errorf("the time is %v", l.Time())
	}
}

// TestNestedLoops: a loop may not run itself from a callback; another loop runs
// on its own goroutine, and the first is still running afterwards.
func TestNestedLoops(t *testing.T) {
	a, _ := newSim(t, Config{})
	b, _ := newSim(t, Config{})
	ran := false
	run(t, a, func() {
		expect(t, "RunForever", a.RunForever(), ErrLoopRunning)
		run(t, b, func() { ran = true }, b.Stop)
		if !a.IsRunning() || b.IsRunning() {
			t.Errorf("a runs: %t, b runs: %t", a.IsRunning(), b.IsRunning())
		}
		a.Stop()
	})
	if !ran {
		t.Error("the inner loop did not run")
	}
}

// TestGoexit: a callback that ends its goroutine ends the loop and who ran it.
func TestGoexit(t *testing.T) {
	l, _ := newSim(t, Config{})
	expect(t, "CallSoonArg", l.CallSoonArg(func(any) { runtime.Goexit() }, nil), nil)
	var caller sync.WaitGroup
	caller.Go(func() {
		_ = l.RunForever()
		t.Error("RunForever returned")
	})
	caller.Wait()
	closed(t, l, ErrLoopDied)
	expect(t, "Close", l.Close(), nil)
	closed(t, l, ErrLoopClosed)
}
