package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

func TestDebugMode(t *testing.T) {
	prove(t, "DBG-01", func(t *testing.T) {
		t.Setenv("PYTHONASYNCIODEBUG", "1") // which is not read
		for _, c := range []struct {
			variable     string
			config, want bool
		}{{"", false, false}, {"0", false, false}, {"1", false, true}, {"yes", false, true}, {"", true, true}, {"0", true, true}} {
			t.Setenv("SHARDLOOPDEBUG", c.variable)
			if l := newLoop(t, engine.Config{Debug: c.config}); l.Debug() != c.want {
				t.Errorf("SHARDLOOPDEBUG=%q and Config.Debug=%t: Debug is %t", c.variable, c.config, l.Debug())
			}
		}
	})
	prove(t, "DBG-02", testSetDebugRunning)
	prove(t, "DBG-03", testSlowCallback)
}

// testSetDebugRunning turns debug mode on and off from another goroutine while
// the loop runs; what a callback logs shows that it took effect.
func testSetDebugRunning(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	l, log := logged(t, engine.Config{})
	l.SetSlowCallbackDuration(0) // every callback is slow
	start(t, l)
	made := func() string {
		var s string
		onLoop(t, l, func() { s = l.CallSoon(func() {}).String() })
		onLoop(t, l, func() {})
		return s
	}
	for _, on := range []bool{false, true, false} {
		l.SetDebug(on)
		if l.Debug() != on {
			t.Errorf("Debug is %t after SetDebug(%t)", !on, on)
		}
		onLoop(t, l, func() {}) // so that the callback before has logged
		log.take()
		if s := made(); strings.Contains(s, "created at") != on {
			t.Errorf("debug %t: the handle is %s", on, s)
		}
		if n := len(log.take()); (n > 0) != on {
			t.Errorf("debug %t: %d records of slow callbacks", on, n)
		}
	}
}

// slowFor is a callback that takes d of a simulated clock.
func slowFor(sim *simpoll.Poller, d time.Duration) func() { return func() { sim.Advance(d) } }

// testSlowCallback has a simulated clock, so that a callback takes exactly what
// the test says.
func testSlowCallback(t *testing.T) {
	sim := simpoll.New()
	l, log := logged(t, engine.Config{Poller: sim, Debug: true})
	const standard = 100 * time.Millisecond
	if d := l.SlowCallbackDuration(); d != standard {
		t.Errorf("SlowCallbackDuration is %v, want %v", d, standard)
	}
	takes := func(d time.Duration) []record {
		l.CallSoon(slowFor(sim, d))
		turn(t, l)
		return log.take()
	}
	if list := takes(standard - 1); len(list) != 0 {
		t.Errorf("a nanosecond below the limit: %v", list)
	}
	list := takes(standard)
	if len(list) != 1 || list[0].level != slog.LevelWarn || list[0].attrs["duration"] != standard ||
		!strings.HasPrefix(list[0].text, "Executing <Handle ") || !strings.HasSuffix(list[0].text, "> took 0.100 seconds") ||
		!strings.Contains(list[0].text, "slowFor") || !strings.Contains(list[0].text, "conform_dbg_test.go:") {
		t.Errorf("at the limit: %v", list)
	}
	l.SetSlowCallbackDuration(time.Second)
	if list := takes(standard); len(list) != 0 || l.SlowCallbackDuration() != time.Second {
		t.Errorf("below a limit of %v: %v", l.SlowCallbackDuration(), list)
	}
	if list := takes(1500 * time.Millisecond); len(list) != 1 || !strings.HasSuffix(list[0].text, " took 1.500 seconds") {
		t.Errorf("above a limit of 1s: %v", list)
	}
	l.SetDebug(false)
	if list := takes(time.Hour); len(list) != 0 {
		t.Errorf("without debug mode: %v", list)
	}
}

func TestDebugHandles(t *testing.T) {
	prove(t, "DBG-04", testSlowThings)
	prove(t, "DBG-05", testCreationStack)
	prove(t, "DBG-09", testDebugOffIsFree)
}

// deep calls fn below n frames of its own.
func deep(n int, fn func()) {
	if n == 0 {
		fn()
		return
	}
	deep(n-1, fn)
}

// here is the caller's place as handles show it.
func here(offset int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf(" created at %s:%d>", file, line+offset)
}

func testCreationStack(t *testing.T) {
	l := newLoop(t, engine.Config{Debug: true})
	var trace string
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { trace = c.HandleTraceback })
	for name, call := range map[string]func() (made, place string){
		"CallSoon":  func() (string, string) { return l.CallSoon(func() {}).String(), here(0) },
		"CallLater": func() (string, string) { return l.CallLater(time.Hour, func() {}).String(), here(0) },
		"CallAt":    func() (string, string) { return l.CallAt(0, func() {}).String(), here(0) },
		"NewFuture": func() (string, string) { return engine.NewFuture[int](l).String(), here(0) },
		"RunInExecutor": func() (string, string) {
			return engine.RunInExecutor(l, &recorder{fails: errBroken}, func() (int, error) { return 0, nil }).String(), here(0)
		},
		"CallSoonThreadsafe": func() (string, string) {
			h, err := l.CallSoonThreadsafe(func() {})
			must(t, err)
			return h.String(), here(-2)
		},
	} {
		if made, place := call(); !strings.HasSuffix(made, place) {
			t.Errorf("%s: %s does not end in %q", name, made, place)
		}
	}
	deep(20, func() { l.CallSoon(func() { panic("lost") }) })
	turn(t, l)
	lines := strings.Split(strings.TrimRight(trace, "\n"), "\n")
	if len(lines) != 20 || !strings.Contains(lines[0], "testCreationStack") || !strings.Contains(lines[19], "conform_dbg_test.go:") {
		t.Errorf("the stack has %d lines, want 10 frames of 2 lines each:\n%s", len(lines), trace)
	}
}

// clock counts how often the loop reads its clock.
type clock struct {
	*simpoll.Poller
	reads atomic.Int64
}

func (c *clock) Now() int64 {
	c.reads.Add(1)
	return c.Poller.Now()
}

// testDebugOffIsFree: without debug mode a callback costs neither a reading of
// the clock nor a stack. What it allocates is tested without the race detector.
func testDebugOffIsFree(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	c := &clock{Poller: simpoll.New()}
	l := newLoop(t, engine.Config{Poller: c})
	reads := func(callbacks int) int64 {
		for range callbacks {
			l.CallSoon(func() {})
		}
		before := c.reads.Load()
		turn(t, l)
		return c.reads.Load() - before
	}
	if one, many := reads(1), reads(1000); one != many {
		t.Errorf("a turn of 1 callback reads the clock %d times, one of 1000 %d times", one, many)
	}
	if s := l.CallSoon(func() {}).String(); strings.Contains(s, "created at") {
		t.Errorf("the handle has a stack: %s", s)
	}
	l.SetDebug(true)
	if one, many := reads(1), reads(1000); many-one < 999 {
		t.Errorf("in debug mode 999 callbacks more read the clock %d times more: the count proves nothing", many-one)
	}
}

// testSlowThings: what took too long is shown as what it is.
func testSlowThings(t *testing.T) {
	for what, c := range map[string]struct {
		text string
		do   func(l *engine.Loop, sim *simpoll.Poller, slow func())
	}{
		"a task": {`<Task .*name="sloth".*>`, func(l *engine.Loop, _ *simpoll.Poller, slow func()) {
			engine.CreateTask(l, func(context.Context) (int, error) { slow(); return 1, nil }, engine.TaskOptions{Name: "sloth"})
		}},
		"a timer": {`<TimerHandle when=1s .*testSlowThings.*>`, func(l *engine.Loop, _ *simpoll.Poller, slow func()) { l.CallLater(0, slow) }},
		"a reader": {`<Handle .*testSlowThings.*>`, func(l *engine.Loop, sim *simpoll.Poller, slow func()) {
			fd := sim.Open()
			must(t, l.AddReader(fd, slow))
			sim.SetReady(fd, poller.Readable)
		}},
	} {
		l, sim, log := simDebug(t)
		c.do(l, sim, func() { sim.Advance(time.Second) })
		turn(t, l)
		wantText(t, what, log.one(t).text, "Executing "+c.text+` took 1\.000 seconds`)
	}
}
