package engine_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// argCalls are the calls without a handle, and what debug mode calls them.
var argCalls = []struct {
	name, kind string
	do         func(l *engine.Loop, fn func(any), arg any) error
}{
	{"CallSoonArg", "Handle", (*engine.Loop).CallSoonArg},
	{"CallSoonThreadsafeArg", "Handle", (*engine.Loop).CallSoonThreadsafeArg},
	{"CallLaterArg", `TimerHandle when=1s`, func(l *engine.Loop, fn func(any), arg any) error { return l.CallLaterArg(0, fn, arg) }},
	{"CallAtArg", `TimerHandle when=500ms`, func(l *engine.Loop, fn func(any), arg any) error {
		return l.CallAtArg(500*time.Millisecond, fn, arg)
	}},
}

// slowArg takes a second of a simulated clock.
func slowArg(sim any) { sim.(*simpoll.Poller).Advance(time.Second) }

func brokenArg(any) { panic(errBroken) }

// simDebug is a loop in debug mode on a simulated clock that stands at 1s.
func simDebug(t *testing.T) (*engine.Loop, *simpoll.Poller, *records) {
	t.Helper()
	sim := simpoll.New()
	sim.Advance(time.Second)
	l, log := logged(t, engine.Config{Poller: sim, Debug: true})
	return l, sim, log
}

// wantText complains unless text matches all of pattern.
func wantText(t *testing.T, what, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile("^" + pattern + "$").MatchString(text) {
		t.Errorf("%s: %q, want %s", what, text, pattern)
	}
}

// TestDebugArg: debug mode times the calls without a handle too, and shows the
// caller's function with the place of the call.
func TestDebugArg(t *testing.T) {
	for _, c := range argCalls {
		l, sim, log := simDebug(t)
		must(t, c.do(l, slowArg, sim))
		turn(t, l)
		wantText(t, c.name, log.one(t).text, `Executing <`+c.kind+
			` \S*slowArg\(\) at debug_test\.go:\d+ created at \S*debug_test\.go:\d+> took 1\.000 seconds`)
	}
}

// TestDebugArgPanic: the report of a panic shows them as well.
func TestDebugArgPanic(t *testing.T) {
	for _, c := range argCalls {
		l, _, _ := simDebug(t)
		var got engine.ErrorContext
		l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { got = c })
		must(t, c.do(l, brokenArg, nil))
		turn(t, l)
		wantText(t, c.name, got.Message, `Exception in callback \S*brokenArg\(\) at debug_test\.go:\d+`)
		if !errors.Is(got.Err, errBroken) || got.Handle == nil {
			t.Fatalf("%s: the report is %+v", c.name, got)
		}
		wantText(t, c.name, got.Handle.String(), `<`+c.kind+` .*brokenArg.*>`)
	}
}

// TestDebugTimer: a slow timer is shown with its deadline, also after a Cancel
// in its own callback.
func TestDebugTimer(t *testing.T) {
	l, sim, log := simDebug(t)
	var h *engine.TimerHandle
	h = l.CallAt(750*time.Millisecond, func() { h.Cancel(); sim.Advance(time.Second) })
	turn(t, l)
	wantText(t, "slow timer", log.one(t).text,
		`Executing <TimerHandle when=750ms \S*TestDebugTimer\S* at debug_test\.go:\d+ created at .*> took 1\.000 seconds`)
}

// TestDebugOnce: a callback that comes to the loop by way of another is timed
// once.
func TestDebugOnce(t *testing.T) {
	l, sim, log := simDebug(t)
	l.SetSlowCallbackDuration(0)
	f := engine.RunInExecutor(l, &recorder{}, func() (int, error) { return 1, nil })
	f.AddDoneCallback(func(*engine.Future[int]) { sim.Advance(time.Second); l.Stop() })
	run(t, l)
	if r := log.one(t); r.attrs["duration"] != time.Second {
		t.Errorf("the record is %+v", r)
	}
	fd := sim.Open()
	must(t, l.AddReader(fd, func() { sim.Advance(time.Second) }))
	sim.SetReady(fd, poller.Readable)
	turn(t, l)
	wantText(t, "slow reader", log.one(t).text, `Executing <Handle \S*TestDebugOnce\S* at .*> took 1\.000 seconds`)
}

// TestStringAnywhere: the handle of CallSoonThreadsafe may be shown anywhere,
// also while it runs.
func TestStringAnywhere(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	begun, shown := make(chan struct{}), make(chan struct{})
	h, err := l.CallSoonThreadsafe(func() { close(begun); <-shown })
	must(t, err)
	_ = h.String()
	<-begun
	wantText(t, "while it runs", h.String(), `<Handle \S*TestStringAnywhere\S* at debug_test\.go:\d+>`)
	close(shown)
}
