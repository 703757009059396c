package engine_test

import (
	"log/slog"
	"runtime"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// kill ends the loop by a callback that calls runtime.Goexit.
func kill(l *engine.Loop) {
	l.CallSoon(goexit)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = l.RunForever()
	}()
	<-gone
}

// TestDeadLoop: every call on a dead loop is refused, and it can be closed.
func TestDeadLoop(t *testing.T) {
	for _, debug := range []bool{false, true} {
		l := newLoop(t, engine.Config{Debug: debug})
		kill(l)
		wantRefusals(t, l, engine.ErrLoopDied)
		if l.IsRunning() || l.IsClosed() {
			t.Errorf("the dead loop is %v", l)
		}
		must(t, l.Close())
		wantRefusals(t, l, engine.ErrLoopClosed)
	}
}

// wantRefusals complains unless everything that schedules or runs fails with
// want, and what only asks works.
func wantRefusals(t *testing.T, l *engine.Loop, want error) {
	t.Helper()
	for _, c := range scheduling() {
		wantErr(t, c.name, c.refused(l, func() { t.Errorf("the callback of %s ran", c.name) }), want)
	}
	wantErr(t, "RunForever", l.RunForever(), want)
	wantErr(t, "Start", l.Start(), want)
	wantErr(t, "Schedule", l.Schedule(newTimer(nop), 0), want)
	if l.RemoveReader(0) || l.RemoveWriter(0) || l.Unschedule(newTimer(nop)) {
		t.Error("there was something to remove")
	}
	l.Stop()
	if l.Time() < 0 || l.String() == "" {
		t.Errorf("%v at %v", l, l.Time())
	}
}

// TestDeadLoopsTimers: timers and watchers of a dead loop can still be removed.
func TestDeadLoopsTimers(t *testing.T) {
	l, p := simLoop(t)
	fd := p.Open()
	timer := newTimer(nop)
	must(t, l.Schedule(timer, 1<<40))
	must(t, l.AddReader(fd, nop))
	h := l.CallAt(1<<40, nop)
	kill(l)
	h.Cancel()
	if !l.Unschedule(timer) || !l.RemoveReader(fd) || !h.Cancelled() {
		t.Error("what was armed before cannot be removed")
	}
}

// waitEnd waits for the end of a run that Start began, which is near.
func waitEnd(l *engine.Loop) {
	for l.IsRunning() {
		runtime.Gosched()
	}
}

// failing is a loop whose next poll fails. Its exception handler passes on what
// it is told, and which loop ran meanwhile.
func failing(t *testing.T) (l *engine.Loop, sim *simpoll.Poller, told chan engine.ErrorContext) {
	t.Helper()
	l, sim = simLoop(t)
	told = make(chan engine.ErrorContext, 10)
	l.SetExceptionHandler(func(of *engine.Loop, c engine.ErrorContext) {
		if running, err := engine.RunningLoop(); running != l || of != l || err != nil {
			t.Errorf("the handler runs on %v, %v", running, err)
		}
		told <- c
	})
	sim.Inject(simpoll.OpPoll, simpoll.Fault{Err: errBroken})
	l.CallSoon(func() {})
	return l, sim, told
}

// TestBackgroundFailure: what ends a run that nobody waits for goes to the
// exception handler, once, and the loop can run again.
func TestBackgroundFailure(t *testing.T) {
	l, _, told := failing(t)
	must(t, l.Start())
	c := <-told
	if wantErr(t, "told", c.Err, errBroken); c.Message != "Event loop failed" {
		t.Errorf("told of %+v", c)
	}
	waitEnd(l)
	must(t, l.Start())
	onLoop(t, l, func() {})
	l.Stop()
	waitEnd(l)
	if n := len(told); n != 0 {
		t.Errorf("told %d times more", n)
	}
}

// TestBackgroundHandler: what the handler schedules waits for the next run, and
// its Stop is for the run that ends anyway.
func TestBackgroundHandler(t *testing.T) {
	l, _, _ := failing(t)
	var j journal
	l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {
		j.add("handler")
		l.CallSoon(func() { j.add("scheduled"); l.CallSoon(func() { j.add("next turn"); l.Stop() }) })
		l.Stop()
	})
	must(t, l.Start())
	waitEnd(l)
	j.want(t, "handler")
	run(t, l)
	j.want(t, "scheduled", "next turn")
}

// TestForegroundFailure: who waits in RunForever gets the error, and nobody
// else, also after a run in the background.
func TestForegroundFailure(t *testing.T) {
	l, sim, told := failing(t)
	wantErr(t, "RunForever", l.RunForever(), errBroken)
	must(t, l.Start())
	onLoop(t, l, func() {})
	l.Stop()
	waitEnd(l)
	sim.Inject(simpoll.OpPoll, simpoll.Fault{Err: errBroken})
	l.CallSoon(func() {})
	wantErr(t, "RunForever", l.RunForever(), errBroken)
	if n := len(told); n != 0 {
		t.Errorf("the handler was told %d times", n)
	}
}

// TestBackgroundGoexit: the default handler logs the death of a loop that runs
// in the background, with the callback that was its end.
func TestBackgroundGoexit(t *testing.T) {
	l, log := logged(t, engine.Config{})
	l.CallSoon(goexit)
	must(t, l.Start())
	waitEnd(l)
	r := log.one(t)
	err, _ := r.attrs["error"].(error)
	if wantErr(t, "logged", err, engine.ErrLoopDied); r.level != slog.LevelError {
		t.Errorf("the record is %+v", r)
	}
	wantText(t, "the record", r.text, `Event loop failed\nhandle: <Handle \S*goexit.*>`)
	wantErr(t, "Start", l.Start(), engine.ErrLoopDied)
}

// TestBackgroundGoexitTwice: a handler that ends the goroutine again does not
// keep the run from ending.
func TestBackgroundGoexitTwice(t *testing.T) {
	for _, what := range []string{"poller", "callback"} {
		l, _, _ := failing(t)
		var j journal
		l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) { j.add("told"); goexit() })
		if what == "callback" {
			l, _ = simLoop(t)
			l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) { j.add("told"); goexit() })
			l.CallSoon(goexit)
		}
		must(t, l.Start())
		waitEnd(l)
		j.want(t, "told")
		wantErr(t, what, l.RunForever(), engine.ErrLoopDied)
	}
}
