package engine_test

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func TestRunUntilDone(t *testing.T) {
	prove(t, "RUN-01", func(t *testing.T) {
		l := newLoop(t)
		f := engine.NewFuture[string](l)
		l.CallSoon(func() { _ = f.SetResult("done") })
		if got, err := engine.RunUntilDone(l, f); got != "done" || err != nil {
			t.Errorf("RunUntilDone = %q, %v", got, err)
		}
		broken, g := errors.New("broken"), engine.NewFuture[string](l)
		l.CallSoon(func() { _ = g.SetError(broken) })
		if _, err := engine.RunUntilDone(l, g); err != broken {
			t.Errorf("RunUntilDone fails with %v, want the very error %v", err, broken)
		}
	})
	prove(t, "RUN-03", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		l.CallSoon(j.adds("ran"))
		_, err := engine.RunUntilDone[int](l, nil)
		wantErr(t, "RunUntilDone(nil)", err, engine.ErrInvalidArgument)
		j.want(t)
	})
	prove(t, "RUN-04", func(t *testing.T) {
		l, other := newLoop(t), newLoop(t)
		var j journal
		l.CallSoon(j.adds("ran"))
		_, err := engine.RunUntilDone(l, engine.NewFuture[int](other))
		wantErr(t, "RunUntilDone with a future of another loop", err, engine.ErrForeignLoop)
		j.want(t)
	})
}

func TestRunUntilDoneStopped(t *testing.T) {
	prove(t, "RUN-05", func(t *testing.T) {
		l := newLoop(t)
		f := engine.NewFuture[int](l)
		l.CallSoon(l.Stop)
		_, err := engine.RunUntilDone(l, f)
		wantErr(t, "RunUntilDone on a loop that was stopped", err, engine.ErrStoppedBeforeDone)
		if f.Done() {
			t.Error("the future is done")
		}
	})
	prove(t, "RUN-06", func(t *testing.T) {
		l := newLoop(t)
		f := engine.NewFuture[int](l)
		l.Stop()
		_, err := engine.RunUntilDone(l, f)
		wantErr(t, "RunUntilDone", err, engine.ErrStoppedBeforeDone)
		var j journal
		l.CallSoon(func() { _ = f.SetResult(1) })
		l.CallSoon(func() { // the orphan's callbacks, if any, run in the next turn
			l.CallSoon(func() { l.CallSoon(func() { j.add("third turn"); l.Stop() }) })
		})
		run(t, l)
		j.want(t, "third turn")
	})
	prove(t, "RUN-07", func(t *testing.T) {
		l := newLoop(t)
		f := engine.NewFuture[int](l)
		f.Cancel(nil)
		_, err := engine.RunUntilDone(l, f)
		wantErr(t, "RunUntilDone with a cancelled future", err, engine.ErrCancelled)
	})
}

func TestTurn(t *testing.T) {
	prove(t, "RUN-08", func(t *testing.T) {
		l, sim, j := spiedSim(t)
		fd := sim.Open()
		sim.SetReady(fd, poller.Readable)
		if err := l.AddReader(fd, func() { j.add("io"); l.RemoveReader(fd) }); err != nil {
			t.Fatal(err)
		}
		l.CallSoon(func() { j.add("first"); l.CallSoon(j.adds("next turn")) })
		l.CallSoon(j.adds("second"))
		l.CallAt(0, j.adds("due"))
		l.CallAt(time.Second, j.adds("cancelled")).Cancel()
		l.CallAt(time.Minute, func() { j.add("late"); l.Stop() })
		run(t, l)
		j.want(t, "poll", "first", "second", "io", "due", "poll", "next turn", "wait 1m0s", "late")
	})
	prove(t, "RUN-09", func(t *testing.T) {
		l, sim, j := spiedSim(t)
		fd := sim.Open()
		sim.SetReady(fd, poller.Writable)
		var again func()
		left := 3
		again = func() {
			j.add("soon")
			if left--; left == 0 {
				l.Stop()
				return
			}
			l.CallSoon(again)
		}
		l.CallSoon(again)
		if err := l.AddWriter(fd, j.adds("io")); err != nil {
			t.Fatal(err)
		}
		run(t, l)
		j.want(t, "poll", "soon", "io", "poll", "soon", "io", "poll", "soon", "io")
	})
	prove(t, "RUN-10", func(t *testing.T) {
		l, sim, j := spiedSim(t)
		fd := sim.Open()
		sim.SetReady(fd, poller.Readable)
		if err := l.AddReader(fd, j.adds("io")); err != nil {
			t.Fatal(err)
		}
		l.CallAt(0, j.adds("due"))
		l.CallAt(time.Hour, j.adds("not due"))
		l.CallSoon(func() { j.add("soon"); l.CallSoon(j.adds("next")) })
		turn(t, l)
		j.want(t, "poll", "soon", "io", "due")
		l.RemoveReader(fd)
		l.CallAt(time.Minute, l.Stop)
		run(t, l) // is not stopped by the Stop of before
		j.want(t, "poll", "next", "wait 1m0s")
	})
}

func TestStop(t *testing.T) {
	prove(t, "RUN-11", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		l.CallSoon(func() { j.add("stops"); l.Stop() })
		l.CallSoon(func() { j.add("same batch"); l.CallSoon(j.adds("next batch")) })
		run(t, l)
		j.want(t, "stops", "same batch")
		turn(t, l)
		j.want(t, "next batch")
	})
	prove(t, "RUN-12", func(t *testing.T) {
		l := newLoop(t)
		var turns int
		l.Stop()
		l.Stop()
		l.CallSoon(func() { turns++; l.CallSoon(func() { turns++; l.Stop(); l.Stop() }) })
		run(t, l)
		if turns != 1 {
			t.Errorf("after two Stops a run has %d turns, want 1", turns)
		}
		run(t, l)
		if turns != 2 {
			t.Errorf("the run after it ended with turn %d, want 2", turns)
		}
		_ = l.Close()
		l.Stop()
	})
	prove(t, "RUN-13", func(t *testing.T) {
		asleep := make(chan struct{}, 1)
		p := newSpy(t)
		p.wait = func(deadline time.Duration) {
			if deadline == time.Duration(poller.NoDeadline) {
				tell(asleep)
			}
		}
		l := newLoop(t, engine.Config{Poller: p})
		ended := make(chan error)
		go func() { ended <- l.RunForever() }()
		<-asleep
		l.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// spiedSim is a loop on a simulated poller that tells of each poll and wait. It
// passes over the waits of a millisecond by which HostAuto probes its wake-ups.
func spiedSim(t *testing.T) (*engine.Loop, *simPoller, *journal) {
	t.Helper()
	j := &journal{}
	sim := newSim()
	p := &spy{Poller: sim, poll: j.adds("poll"), wait: func(d time.Duration) {
		if d != time.Duration(sim.Now())+time.Millisecond {
			j.add("wait " + d.String())
		}
	}}
	return newLoop(t, engine.Config{Poller: p}), sim, j
}

func TestState(t *testing.T) {
	prove(t, "RUN-14", func(t *testing.T) {
		l := newLoop(t)
		var inside bool
		l.CallSoon(func() { inside = l.IsRunning() })
		before := l.IsRunning()
		turn(t, l)
		if before || !inside || l.IsRunning() {
			t.Errorf("IsRunning is %t before, %t in, and %t after a run", before, inside, l.IsRunning())
		}
		start(t, l)
		onLoop(t, l, func() {})
		if !l.IsRunning() { // on another goroutine than the loop's
			t.Error("IsRunning is false during a run")
		}
		stopAndWait(l)
		if l.IsRunning() {
			t.Error("IsRunning after a run")
		}
		if err := l.Start(); err != nil || !l.IsRunning() {
			t.Errorf("Start: %v, IsRunning is %t", err, l.IsRunning())
		}
		onLoop(t, l, l.Stop)
		for l.IsRunning() { // the turn that was stopped ends
			runtime.Gosched()
		}
	})
	prove(t, "RUN-15", func(t *testing.T) {
		l := newLoop(t)
		turn(t, l)
		if l.IsClosed() {
			t.Error("IsClosed before Close")
		}
		l.CallSoon(func() { _ = l.Close() })
		turn(t, l)
		if l.IsClosed() {
			t.Error("IsClosed after a Close that was refused")
		}
		for range 2 {
			if err := l.Close(); err != nil || !l.IsClosed() {
				t.Errorf("Close: %v, IsClosed is %t", err, l.IsClosed())
			}
		}
		_ = l.RunForever()
		if !l.IsClosed() {
			t.Error("a closed loop opened again")
		}
	})
	prove(t, "RUN-16", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		l.CallSoon(func() {
			wantErr(t, "Close during a run", l.Close(), engine.ErrLoopRunning)
			l.CallSoon(func() { j.add("goes on"); l.Stop() })
		})
		run(t, l)
		j.want(t, "goes on")
		start(t, l)
		wantErr(t, "Close beside a run", l.Close(), engine.ErrLoopRunning)
		onLoop(t, l, j.adds("goes on"))
		j.want(t, "goes on")
	})
}

func TestNestedRun(t *testing.T) {
	prove(t, "RUN-24", func(t *testing.T) {
		l := newLoop(t)
		start(t, l)
		wantErr(t, "RunForever beside a run", l.RunForever(), engine.ErrLoopRunning)
		wantErr(t, "Start beside a run", l.Start(), engine.ErrLoopRunning)
		onLoop(t, l, func() {
			wantErr(t, "RunForever in a callback", l.RunForever(), engine.ErrLoopRunning)
			_, err := engine.RunUntilDone(l, engine.NewFuture[int](l))
			wantErr(t, "RunUntilDone in a callback", err, engine.ErrLoopRunning)
		})
	})
	prove(t, "RUN-25", func(t *testing.T) {
		a, b := newLoop(t), newLoop(t)
		var j journal
		b.CallSoon(j.adds("b ran"))
		a.CallSoon(func() {
			wantErr(t, "RunForever of another loop", b.RunForever(), engine.ErrLoopRunning)
			_, err := engine.RunUntilDone(b, engine.NewFuture[int](b))
			wantErr(t, "RunUntilDone of another loop", err, engine.ErrLoopRunning)
		})
		turn(t, a)
		j.want(t)
		if b.IsRunning() {
			t.Error("the other loop runs")
		}
	})
	prove(t, "RUN-26", func(t *testing.T) {
		a, b := newLoop(t), newLoop(t)
		var j journal
		a.CallSoon(func() {
			_, _ = a.RunForever(), b.RunForever()
			if got, err := engine.RunningLoop(); got != a || err != nil || !a.IsRunning() {
				t.Errorf("after rejected runs the running loop is %v, %v", got, err)
			}
			wantErr(t, "Close after a rejected run", a.Close(), engine.ErrLoopRunning)
			a.CallSoon(func() { j.add("goes on"); a.Stop() })
		})
		run(t, a)
		j.want(t, "goes on")
	})
}

func TestFailingCallbacks(t *testing.T) {
	prove(t, "RUN-28", func(t *testing.T) {
		l := newLoop(t)
		var told []error
		l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { told = append(told, c.Err) })
		broken := errors.New("broken")
		var j journal
		l.CallSoon(func() { panic(broken) })
		l.CallSoon(j.adds("same batch"))
		l.CallLater(0, func() { panic("timer") })
		l.CallLater(0, func() { j.add("due"); l.Stop() })
		run(t, l)
		j.want(t, "same batch", "due")
		if len(told) != 2 || !errors.Is(told[0], broken) {
			t.Errorf("the handler was told of %v", told)
		}
	})
	prove(t, "RUN-30", func(t *testing.T) {
		l := newLoop(t)
		for i := range 5 {
			var inside *engine.Loop
			ended := make(chan error)
			go func() {
				l.CallSoon(func() { inside, _ = engine.RunningLoop(); l.Stop() })
				ended <- l.RunForever()
			}()
			if err := <-ended; err != nil || inside != l {
				t.Errorf("run %d: %v, the running loop is %v", i, err, inside)
			}
		}
	})
	prove(t, "RUN-32", func(t *testing.T) {
		l := newLoop(t)
		var during string
		l.CallSoon(func() { during = l.String() })
		before := l.String()
		l.SetDebug(true)
		turn(t, l)
		_ = l.Close()
		if before != "<Loop running=false closed=false debug=false>" ||
			during != "<Loop running=true closed=false debug=true>" ||
			l.String() != "<Loop running=false closed=true debug=true>" {
			t.Errorf("the loop is %s, then %s, then %s", before, during, l)
		}
	})
}

// TestGoexit has the one thing that a callback can do to a loop. What waits in
// the batch is lost with the loop, unlike in asyncio: the goroutine is gone.
func TestGoexit(t *testing.T) {
	prove(t, "RUN-27", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		l.CallSoon(j.adds("before"))
		l.CallSoon(goexit)
		l.CallSoon(j.adds("behind"))
		var returned atomic.Bool
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_ = l.RunForever()
			returned.Store(true)
		}()
		<-gone
		if returned.Load() {
			t.Error("RunForever returned, and did not repeat the Goexit")
		}
		j.want(t, "before")
		wantErr(t, "RunForever", l.RunForever(), engine.ErrLoopDied)
		wantErr(t, "CallSoon", l.CallSoon(func() {}).Err(), engine.ErrLoopDied)
		_, err := l.CallSoonThreadsafe(func() {})
		wantErr(t, "CallSoonThreadsafe", err, engine.ErrLoopDied)
	})
}
