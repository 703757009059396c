package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// call is one call that schedules fn, and how it refuses.
type call struct {
	name string
	do   func(l *engine.Loop, fn func()) error
}

// taking makes fn one that takes an argument, and leaves nil as it is.
func taking(fn func()) func(any) {
	if fn == nil {
		return nil
	}
	return func(any) { fn() }
}

// loopOnly are the calls of the loop's own goroutine. Those that return a handle
// panic in debug mode.
var loopOnly = []call{
	{"CallSoon", func(l *engine.Loop, fn func()) error { return l.CallSoon(fn).Err() }},
	{"CallSoonContext", func(l *engine.Loop, fn func()) error { return l.CallSoonContext(named("x"), fn).Err() }},
	{"CallSoonArg", func(l *engine.Loop, fn func()) error { return l.CallSoonArg(taking(fn), nil) }},
	{"CallLater", func(l *engine.Loop, fn func()) error { return l.CallLater(0, fn).Err() }},
	{"CallLaterContext", func(l *engine.Loop, fn func()) error { return l.CallLaterContext(named("x"), 0, fn).Err() }},
	{"CallLaterArg", func(l *engine.Loop, fn func()) error { return l.CallLaterArg(0, taking(fn), nil) }},
	{"CallAt", func(l *engine.Loop, fn func()) error { return l.CallAt(0, fn).Err() }},
	{"CallAtContext", func(l *engine.Loop, fn func()) error { return l.CallAtContext(named("x"), 0, fn).Err() }},
	{"CallAtArg", func(l *engine.Loop, fn func()) error { return l.CallAtArg(0, taking(fn), nil) }},
	{"AddReader", func(l *engine.Loop, fn func()) error { return l.AddReader(0, fn) }},
	{"AddWriter", func(l *engine.Loop, fn func()) error { return l.AddWriter(0, fn) }},
	{"RunInExecutor", func(l *engine.Loop, fn func()) error {
		var job func() (int, error)
		if fn != nil {
			job = func() (int, error) { fn(); return 0, nil }
		}
		f := engine.RunInExecutor(l, nil, job)
		if !f.Done() {
			return nil
		}
		return f.Err()
	}},
}

// threadsafe are the calls of any goroutine.
var threadsafe = []call{
	{"CallSoonThreadsafe", func(l *engine.Loop, fn func()) error { _, err := l.CallSoonThreadsafe(fn); return err }},
	{"CallSoonThreadsafeContext", func(l *engine.Loop, fn func()) error {
		_, err := l.CallSoonThreadsafeContext(context.Background(), fn)
		return err
	}},
	{"CallSoonThreadsafeArg", func(l *engine.Loop, fn func()) error { return l.CallSoonThreadsafeArg(taking(fn), nil) }},
}

// scheduling are all of them.
func scheduling() []call { return append(append([]call{}, loopOnly...), threadsafe...) }

// refused is the error of a call, returned or panicked with.
func (c call) refused(l *engine.Loop, fn func()) (err error) {
	if v := panicOf(func() { err = c.do(l, fn) }); v != nil {
		return v
	}
	return err
}

// wantIdle complains when anything is scheduled on a stopped loop.
func wantIdle(t *testing.T, name string, l *engine.Loop) {
	t.Helper()
	before := l.Stats()
	turn(t, l)
	after := l.Stats()
	if after.Callbacks != before.Callbacks || after.Timers != 0 || after.Descriptors != 0 || after.TimersFired != before.TimersFired {
		t.Errorf("%s left something behind: %+v, before %+v", name, after, before)
	}
}

func TestNilCallbacks(t *testing.T) {
	for _, debug := range []bool{false, true} {
		l := newLoop(t, engine.Config{Debug: debug})
		for _, c := range scheduling() {
			var arg *engine.ArgError
			if err := c.refused(l, nil); !errors.As(err, &arg) || arg.Arg != "fn" || !errors.Is(err, engine.ErrInvalidArgument) {
				t.Errorf("debug %t, %s(nil): %v", debug, c.name, err)
			}
			wantIdle(t, c.name, l)
		}
	}
}

func TestUseAfterClose(t *testing.T) {
	for _, debug := range []bool{false, true} {
		l := newLoop(t, engine.Config{Debug: debug})
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for _, c := range scheduling() {
			wantErr(t, c.name, c.refused(l, func() { t.Errorf("the callback of %s ran", c.name) }), engine.ErrLoopClosed)
		}
		wantErr(t, "RunForever", l.RunForever(), engine.ErrLoopClosed)
		wantErr(t, "Start", l.Start(), engine.ErrLoopClosed)
		_, err := engine.RunUntilDone(l, engine.NewFuture[int](l))
		wantErr(t, "RunUntilDone", err, engine.ErrLoopClosed)
		var timer engine.Timer
		timer.Init(func(any) {}, nil)
		wantErr(t, "Schedule", l.Schedule(&timer, 0), engine.ErrLoopClosed)
		if l.Unschedule(&timer) {
			t.Error("a timer that was refused is armed")
		}
	}
}

func TestWrongGoroutine(t *testing.T) {
	l := newLoop(t, engine.Config{Debug: true})
	start(t, l)
	onLoop(t, l, func() {})
	before := l.Stats().Timers
	for _, c := range loopOnly {
		wantErr(t, c.name, c.refused(l, func() { t.Errorf("the callback of %s ran", c.name) }), engine.ErrWrongThread)
	}
	onLoop(t, l, func() {})
	for _, c := range threadsafe {
		ran := make(chan struct{})
		if err := c.refused(l, func() { close(ran) }); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		<-ran
	}
	stopAndWait(l)
	if after := l.Stats(); after.Timers != before || after.Descriptors != 0 {
		t.Errorf("something was scheduled: %+v", after)
	}
}

func TestRefusedHandles(t *testing.T) {
	l := newLoop(t)
	_ = l.Close()
	posted, err := l.CallSoonThreadsafe(func() {})
	wantErr(t, "CallSoonThreadsafe", err, engine.ErrLoopClosed)
	timer := l.CallAt(5*time.Second, func() {})
	for _, h := range []*engine.Handle{l.CallSoon(func() {}), l.CallSoon(nil), posted, &timer.Handle} {
		for range 2 { // a Cancel changes nothing
			if !h.Cancelled() || h.Err() == nil || h.String() == "" {
				t.Errorf("the refused handle is %v, %v", h, h.Err())
			}
			h.Cancel()
		}
	}
	timer.Cancel()
	if timer.When() != 5*time.Second || timer.Compare(timer) != 0 {
		t.Errorf("the refused timer is for %v", timer.When())
	}
}

func TestDelays(t *testing.T) {
	const start = time.Second
	for _, test := range []struct{ delay, when time.Duration }{
		{0, start},
		{-1, start - 1},
		{math.MinInt64, math.MinInt64 + start},
		{1, start + 1},
		{math.MaxInt64 - start, math.MaxInt64},
		{math.MaxInt64, math.MaxInt64},
	} {
		sim := simpoll.New()
		sim.Advance(start)
		l := newLoop(t, engine.Config{Poller: sim})
		ran := 0
		h := l.CallLater(test.delay, func() { ran++ })
		if err := l.CallLaterArg(test.delay, func(any) { ran++ }, nil); err != nil {
			t.Errorf("CallLaterArg(%v): %v", test.delay, err)
		}
		if h.When() != test.when || h.Err() != nil {
			t.Errorf("CallLater(%v) is for %v, %v, want %v", test.delay, h.When(), h.Err(), test.when)
		}
		turn(t, l)
		if due := test.delay <= 0; due != (ran == 2) {
			t.Errorf("after CallLater(%v) %d of 2 timers ran in the next turn", test.delay, ran)
		}
	}
}

func TestBadConfig(t *testing.T) {
	poller := func() *simpoll.Poller { return simpoll.New() }
	for _, test := range []struct {
		arg    string
		config engine.Config
	}{
		{"Host", engine.Config{Host: engine.HostPark + 1}},
		{"Host", engine.Config{Host: engine.HostPark, LockThread: true}},
		{"PollEvery", engine.Config{PollEvery: -1}},
		{"TimerSpin", engine.Config{TimerSpin: -1}},
		{"TimerSpin", engine.Config{TimerSpin: time.Millisecond + 1}},
		{"Host", engine.Config{Host: engine.HostPark + 1, Logger: slog.New(slog.DiscardHandler)}},
	} {
		p := poller()
		test.config.Poller = p
		l, err := engine.NewEventLoop(test.config)
		var arg *engine.ArgError
		if l != nil || !errors.As(err, &arg) || arg.Arg != test.arg {
			t.Errorf("NewEventLoop(%+v) = %v, %v, want an error of %s", test.config, l, err, test.arg)
		}
		if p.Wake() == nil {
			t.Errorf("%s: the poller of a loop that came to nothing is open", test.arg)
		}
	}
	p := poller()
	l, err := engine.NewSelectorEventLoop(engine.Poll, engine.Config{Poller: p})
	if wantErr(t, "two pollers", err, engine.ErrInvalidArgument); l != nil || p.Wake() == nil {
		t.Errorf("NewSelectorEventLoop = %v, and the poller is open: %t", l, p.Wake() == nil)
	}
	twice := engine.UsePoller(poller())
	first, err := engine.NewSelectorEventLoop(twice, hosted(t, engine.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	defer closeLoop(t, first)
	if l, err := engine.NewSelectorEventLoop(twice, engine.Config{}); l != nil || err == nil {
		t.Errorf("a second loop on one poller: %v, %v", l, err)
	}
}
