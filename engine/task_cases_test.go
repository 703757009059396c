package engine_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

func TestCaseUnretrievedTask(t *testing.T) {
	l, _ := simLoop(t)
	told := reported(l)
	func() {
		engine.CreateTask(l, func(context.Context) (int, error) { return 0, errFails }, engine.TaskOptions{Name: "worker"})
	}()
	turn(t, l)
	collectUntil(t, l, func() bool { return len(*told) > 0 })
	wantReports(t, *told, "Task exception was never retrieved")
	wantText(t, "the task", (*told)[0].String(), `(?s).*<Task finished name="worker".*`)
}

func TestCaseTimeoutErrOnceAsked(t *testing.T) {
	l, _ := simLoop(t)
	runTask(t, l, func(ctx context.Context) {
		limited, cancel := engine.Timeout(ctx, time.Minute)
		defer cancel()
		below := context.WithValue(limited, wordKey{}, "w")
		limited.Done() // somebody asks
		wantErr(t, "Sleep", engine.Sleep(limited, time.Hour), engine.ErrTimeout)
		wantErr(t, "Err", limited.Err(), context.DeadlineExceeded)
		wantErr(t, "Cause", context.Cause(limited), engine.ErrTimeout)
		wantErr(t, "Sleep below", engine.Sleep(below, 0), engine.ErrTimeout)
	})
}

func TestCaseCauseNotAsked(t *testing.T) {
	l, _ := simLoop(t)
	var ended context.Context
	runTask(t, l, func(ctx context.Context) {
		ended = ctx
		limited, cancel := engine.Timeout(ctx, time.Minute)
		defer cancel()
		below := context.WithValue(limited, wordKey{}, "w")
		sleepFor(t, ctx, time.Hour)
		wantErr(t, "Cause", context.Cause(limited), engine.ErrTimeout)
		wantErr(t, "Sleep below", engine.Sleep(below, 0), engine.ErrTimeout)
	})
	wantErr(t, "Cause after the end", context.Cause(ended), engine.ErrTaskEnded)
}

func TestCaseGatherNoneNoLoop(t *testing.T) {
	defer func() {
		if v := recover(); v != nil {
			err, _ := v.(error)
			if _, ok := v.(runtime.Error); ok {
				t.Errorf("Gather of none without a loop: %v", err)
			}
		}
	}()
	f := engine.Gather[int, *engine.Future[int]]()
	wantErr(t, "Gather of none without a loop", f.Err(), engine.ErrNoCurrentLoop)
}

func TestCaseGatherCancelTwice(t *testing.T) {
	l, _ := simLoop(t)
	f := engine.NewFuture[int](l)
	g := engine.Gather(f)
	wantSame(t, "Cancel", g.Cancel(nil), true)
	wantSame(t, "a second Cancel", g.Cancel(nil), false)
}

func TestCaseWaitForNoTimeCancelled(t *testing.T) {
	c := newChronicle(t)
	inner := c.task(func(ctx context.Context) error {
		c.note("%v", engine.Sleep(ctx, time.Hour))
		for range 3 {
			c.note("inner %v", engine.Sleep(ctx, 0))
		}
		return nil
	})
	c.turns(1)
	task := c.task(func(ctx context.Context) error {
		v, err := engine.WaitFor(ctx, inner, 0)
		c.note("gets %s", resultText(v, err))
		return err
	})
	c.turns(1) // 2: begins
	c.turns(1) // 3: inner cancelled
	task.Cancel(errReason)
	c.turns(4)
	c.want(t, "3 cancelled: timed out", "4 inner <nil>", "4 gets cancelled: the reason", "5 inner <nil>", "6 inner <nil>")
	wantCancelled(t, task)
}

func TestCaseWaitForNoTimeTurns(t *testing.T) {
	c := newChronicle(t)
	c.task(func(ctx context.Context) error {
		c.note("begin")
		_, err := engine.WaitFor(ctx, engine.NewFuture[int](c.l), 0)
		c.note("future %v", err)
		return nil
	})
	c.task(func(ctx context.Context) error {
		_, err := engine.WaitFor(ctx, newTask(c.l, func(context.Context) error { return nil }), 0)
		c.note("task %v", err)
		return nil
	})
	c.turns(5)
	c.want(t, "1 begin", "3 future timed out", "4 task timed out")
}

func TestCaseStaleEndOfContext(t *testing.T) {
	for range 200 {
		l, _ := simLoop(t)
		base, cancel := context.WithCancelCause(context.Background())
		f := engine.NewFuture[int](l)
		var second error
		l.CallSoonContext(base, func() {
			must(t, engine.Go(l, func(ctx context.Context) error { _, err := engine.Await(ctx, f); return err }))
		})
		turn(t, l)
		turn(t, l)
		l.CallSoon(func() {
			must(t, f.SetResult(1)) // the task's step
			l.CallSoon(func() {     // behind it
				must(t, engine.Go(l, func(ctx context.Context) error { second = engine.Sleep(ctx, 0); return nil }))
			})
			cancel(errReason)
			for range 100 {
				runtime.Gosched()
			}
		})
		for range 5 {
			turn(t, l)
		}
		if second != nil {
			t.Fatalf("a task without an end of its own gets %v", second)
		}
	}
}

func TestCaseStoppedRunHidesError(t *testing.T) {
	l, _ := simLoop(t)
	told := reported(l)
	lose(t, l, func(f *engine.Future[int]) {
		l.CallSoon(l.Stop)
		_, err := engine.RunUntilDone(l, f)
		wantErr(t, "RunUntilDone", err, engine.ErrStoppedBeforeDone)
		fails(f)
	})
	lost := 0
	for range 20 {
		runtime.GC()
		turn(t, l)
		lost = len(*told)
	}
	if lost != 1 {
		t.Errorf("%d reports, want 1", lost)
	}
}

func TestCaseCancelTwiceAcross(t *testing.T) {
	p := newSpy(t)
	here, there := newLoop(t, engine.Config{Poller: p}), newLoop(t)
	asleep := make(chan struct{}, 1)
	inWake, release := make(chan struct{}), make(chan struct{})
	var hold atomic.Bool
	p.wait = func(time.Duration) { tell(asleep) }
	p.wake = func() error {
		if hold.CompareAndSwap(true, false) {
			close(inWake)
			<-release
		}
		return nil
	}
	inFactory, goOn := make(chan struct{}), make(chan struct{})
	must(t, there.SetTaskFactory(func(l *engine.Loop, c engine.Coro, o engine.TaskOptions) engine.AnyTask {
		close(inFactory)
		<-goOn
		return engine.EagerTaskFactory(l, c, o)
	}))
	cleanUp := make(chan error, 1)
	f := engine.Submit(there, func(ctx context.Context) (int, error) {
		err := engine.Sleep(ctx, time.Hour)
		f := engine.NewFuture[int](there)
		there.CallLater(20*time.Millisecond, func() { f.SetResult(1) })
		_, again := engine.Await(ctx, f)
		cleanUp <- again
		return 0, err
	})
	over := make(chan error)
	go func() { over <- there.RunForever() }()
	t.Cleanup(func() {
		there.Stop()
		must(t, <-over)
	})
	start(t, here)
	<-inFactory
	onLoop(t, here, func() {
		engine.Bridge(here, f)
		select {
		case <-asleep:
		default:
		}
	})
	<-asleep
	hold.Store(true)
	go f.Cancel(errReason)
	<-inWake
	close(goOn)
	onLoop(t, there, nop)
	close(release)
	must(t, <-cleanUp)
}

func TestCaseRefusedTaskContext(t *testing.T) {
	l, _ := simLoop(t)
	if ctx := engine.CreateTask[int](l, nil, engine.TaskOptions{}).Context(); ctx == nil {
		t.Error("Context is nil")
	}
}
