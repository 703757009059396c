package engine_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// futureEnds are the ways to end a future.
var futureEnds = map[string]func(f *engine.Future[int]) error{
	"result": func(f *engine.Future[int]) error { return f.SetResult(1) },
	"error":  func(f *engine.Future[int]) error { return f.SetError(errFails) },
	"cancel": func(f *engine.Future[int]) error { f.Cancel(errReason); return nil },
}

// wantEnded complains unless f has ended in that way.
func wantEnded(t *testing.T, f *engine.Future[int], how string) {
	t.Helper()
	switch how {
	case "result":
		wantValue(t, f, 1)
	case "error":
		wantFailed(t, f, errFails)
	case "cancel":
		wantCancelled(t, f, errReason)
	}
}

// eachEnd calls fn with a future for each way to end it.
func eachEnd(t *testing.T, fn func(how string, f *engine.Future[int])) {
	t.Helper()
	l, _ := simLoop(t)
	for how, end := range futureEnds {
		f := engine.NewFuture[int](l)
		must(t, end(f))
		fn(how, f)
	}
}

func TestNewFuture(t *testing.T) {
	prove(t, "FUT-01", func(t *testing.T) {
		l, _ := simLoop(t)
		wantPending(t, engine.NewFuture[int](l)) // never ran
		l.CallSoon(func() { wantPending(t, engine.NewFuture[int](l)) })
		turn(t, l)
		wantPending(t, engine.NewFuture[int](l)) // was stopped
		must(t, l.Close())
		f := engine.NewFuture[int](l)
		wantPending(t, f)
		must(t, f.SetResult(1))
		wantValue(t, f, 1)
	})
	prove(t, "FUT-02", func(t *testing.T) {
		eachEnd(t, func(how string, f *engine.Future[int]) {
			wantEnded(t, f, how)
			for _, again := range futureEnds {
				_ = again(f) // see FUT-03
				wantEnded(t, f, how)
			}
			must(t, f.Complete(7, nil))
			turn(t, f.Loop())
			wantEnded(t, f, how)
		})
	})
	prove(t, "FUT-20", func(t *testing.T) {
		a, _ := simLoop(t)
		b, _ := simLoop(t)
		f, g := engine.NewFuture[int](a), engine.NewFuture[int](b)
		if f.Loop() != a || g.Loop() != b {
			t.Error("Loop is another loop")
		}
		must(t, a.Close())
		if f.Loop() != a {
			t.Error("Loop changes when the loop is closed")
		}
	})
}

func TestFutureResult(t *testing.T) {
	prove(t, "FUT-03", func(t *testing.T) {
		eachEnd(t, func(how string, f *engine.Future[int]) {
			wantErr(t, "SetResult after "+how, f.SetResult(2), engine.ErrInvalidState)
			wantErr(t, "SetError after "+how, f.SetError(errReason), engine.ErrInvalidState)
			wantEnded(t, f, how)
		})
	})
	prove(t, "FUT-04", func(t *testing.T) {
		l, _ := simLoop(t)
		f := engine.NewFuture[int](l)
		wantPending(t, f)
		must(t, f.SetResult(3))
		must(t, f.Err())
		g := engine.NewFuture[int](l)
		g.Cancel(nil)
		_, err := g.Result()
		wantErr(t, "Result of what was cancelled", err, engine.ErrCancelled)
		wantErr(t, "Err of what was cancelled", g.Err(), engine.ErrCancelled)
	})
	prove(t, "FUT-05", func(t *testing.T) {
		l, _ := simLoop(t)
		f := engine.NewFuture[int](l)
		must(t, f.SetError(errFails))
		for range 3 {
			if v, err := f.Result(); v != 0 || err != errFails {
				t.Errorf("Result = %d, %v", v, err)
			}
		}
	})
}

func TestCancelFuture(t *testing.T) {
	prove(t, "FUT-06", func(t *testing.T) {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		c.tells("f", f)
		c.in(1, func() {
			if !f.Cancel(nil) {
				t.Error("Cancel of what is pending is false")
			}
			wantCancelled(t, f)
			c.note("cancelled")
		})
		c.turns(3)
		c.want(t, "1 cancelled", "2 f is cancelled")
		eachEnd(t, func(how string, f *engine.Future[int]) {
			if f.Cancel(errors.New("another")) {
				t.Errorf("Cancel after %s is true", how)
			}
			wantEnded(t, f, how)
		})
	})
	prove(t, "FUT-07", func(t *testing.T) {
		l, _ := simLoop(t)
		f := engine.NewFuture[int](l)
		f.Cancel(errReason)
		wantCancelled(t, f, errReason)
		if got, want := f.Err().Error(), engine.ErrCancelled.Error()+": the reason"; got != want {
			t.Errorf("Err tells %q, want %q", got, want)
		}
		if errors.Is(f.Err(), engine.ErrTimeout) || errors.Is(f.Err(), errFails) {
			t.Error("Err is of another cause too")
		}
		g := engine.NewFuture[int](l)
		g.Cancel(nil)
		wantSame(t, "Err without a cause", g.Err(), engine.ErrCancelled)
	})
	prove(t, "FUT-22", testEndAfterCancel)
}

// testEndAfterCancel: what would end a future in the end finds it cancelled.
func testEndAfterCancel(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	must(t, f.Complete(5, nil))
	must(t, f.Complete(0, errFails))
	f.Cancel(errReason)
	sleeper := c.task(func(ctx context.Context) error { return engine.Sleep(ctx, time.Second) })
	c.turns(1)
	c.clock.Advance(time.Second)
	c.in(2, func() { sleeper.Cancel(nil) }) // the turn in which the time is up
	reports := reported(c.l)
	c.turns(4)
	wantCancelled(t, f, errReason)
	wantCancelled(t, sleeper)
	wantReports(t, *reports)
}

// TestErrorKinds: the errors of this package are those that Go programs know.
func TestErrorKinds(t *testing.T) {
	l, _ := simLoop(t)
	f := engine.NewFuture[int](l)
	f.Cancel(engine.ErrTimeout)
	wantCancelled(t, f, engine.ErrTimeout, os.ErrDeadlineExceeded, context.DeadlineExceeded)
	if errors.Is(engine.ErrTimeout, engine.ErrCancelled) || errors.Is(engine.ErrTimeout, context.Canceled) {
		t.Error("a time limit is a cancellation")
	}
	g := engine.NewFuture[int](l)
	must(t, g.SetError(engine.ErrCancelled))
	wantFailed(t, g, engine.ErrCancelled)
	wantErr(t, "SetError(nil)", engine.NewFuture[int](l).SetError(nil), engine.ErrInvalidArgument)
}

// TestEndOnClosedLoop: the future ends, but there is nobody to call.
func TestEndOnClosedLoop(t *testing.T) {
	for how, end := range futureEnds {
		l, _ := simLoop(t)
		f := engine.NewFuture[int](l)
		f.AddDoneCallback(func(*engine.Future[int]) { t.Error("a callback ran on a closed loop") })
		must(t, l.Close())
		if err := end(f); how != "cancel" {
			wantErr(t, how, err, engine.ErrLoopClosed)
		}
		wantEnded(t, f, how)
		wantErr(t, "Complete", f.Complete(1, nil), engine.ErrLoopClosed)
	}
}

// TestFutureString shows the state, and in debug mode where it was made.
func TestFutureString(t *testing.T) {
	l, _ := simLoop(t)
	f, g := engine.NewFuture[int](l), engine.NewFuture[int](l)
	wantSame(t, "String", f.String(), "<Future pending>")
	must(t, f.SetResult(1))
	wantSame(t, "String", f.String(), "<Future finished>")
	must(t, g.SetError(errFails))
	wantSame(t, "String", g.String(), `<Future finished error="it fails">`)
	l.SetDebug(true)
	h := engine.NewFuture[int](l)
	h.Cancel(nil)
	wantText(t, "String in debug mode", h.String(), `<Future cancelled created at .*conform_fut_future_test\.go:\d+>`)
}
