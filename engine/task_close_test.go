package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// leftover is a task that Close finds, and how it ends.
type leftover struct {
	name string
	fn   func(ctx context.Context, l *engine.Loop) error
	err  error
}

// waitForever waits for what never comes.
func waitForever(ctx context.Context, l *engine.Loop) error {
	_, err := engine.Await(ctx, engine.NewFuture[int](l))
	return err
}

// leftovers are tasks in every state in which a task can wait.
func leftovers() []leftover {
	parts := func(ctx context.Context, l *engine.Loop) error {
		_, err := engine.Await(ctx, engine.Gather(engine.NewFuture[int](l), engine.NewFuture[int](l)))
		return err
	}
	child := func(ctx context.Context, l *engine.Loop) error {
		_, err := engine.Await(ctx, engine.CreateTask(l, func(ctx context.Context) (int, error) {
			return 0, waitForever(ctx, l)
		}, engine.TaskOptions{Name: "child"}))
		return err
	}
	timeout := func(ctx context.Context, l *engine.Loop) error {
		ctx, cancel := engine.Timeout(ctx, time.Hour)
		defer cancel()
		return waitForever(ctx, l)
	}
	derived := func(ctx context.Context, l *engine.Loop) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		return waitForever(ctx, l)
	}
	return []leftover{
		{"future", waitForever, engine.ErrLoopClosed},
		{"sleep", func(ctx context.Context, _ *engine.Loop) error { return engine.Sleep(ctx, time.Hour) }, engine.ErrLoopClosed},
		{"pause", func(ctx context.Context, _ *engine.Loop) error {
			for {
				if err := engine.Sleep(ctx, 0); err != nil {
					return err
				}
			}
		}, engine.ErrLoopClosed},
		{"gather", parts, engine.ErrLoopClosed},
		{"child", child, engine.ErrLoopClosed},
		{"timeout", timeout, engine.ErrLoopClosed},
		{"derived", derived, engine.ErrLoopClosed},
		{"returns", func(ctx context.Context, l *engine.Loop) error { _ = waitForever(ctx, l); return nil }, nil},
		{"panics", func(ctx context.Context, l *engine.Loop) error {
			defer func() { panic(errBroken) }()
			return waitForever(ctx, l)
		}, errBroken},
		{"exits", func(ctx context.Context, l *engine.Loop) error {
			defer goexit()
			return waitForever(ctx, l)
		}, engine.ErrTaskExited},
	}
}

// readForever waits inside of a generator's body.
func readForever(ctx context.Context, l *engine.Loop) error {
	g := engine.NewAsyncGen(l, func(ctx context.Context, _ func(int) bool) error { return waitForever(ctx, l) })
	_, err := g.Next(ctx)
	return err
}

// reportedNames makes the loop's exception handler note the names of the tasks that it
// is told of.
func reportedNames(l *engine.Loop) *journal {
	j := &journal{}
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) {
		task, _ := c.Task.(engine.AnyTask)
		if task == nil {
			j.add(fmt.Sprint(c.Message, c.Err))
			return
		}
		j.add(task.Name())
	})
	return j
}

// TestTaskCloseStates: whatever a task waits for, Close ends it, with what its
// coroutine makes of ErrLoopClosed, and reports it once.
func TestTaskCloseStates(t *testing.T) {
	for _, c := range leftovers() {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			j := reportedNames(l)
			begun := engine.CreateTask(l, func(ctx context.Context) (int, error) { return 7, c.fn(ctx, l) }, engine.TaskOptions{Name: "begun"})
			turn(t, l)
			turn(t, l)
			never := engine.CreateTask(l, func(context.Context) (int, error) {
				t.Error("a task began in Close")
				return 0, nil
			}, engine.TaskOptions{Name: "never begun"})
			must(t, l.Close())
			if !begun.Done() || !errors.Is(begun.Err(), c.err) || c.err == nil && begun.Err() != nil {
				t.Errorf("the task ended with %v, want %v", begun.Err(), c.err)
			}
			wantErr(t, "never begun", never.Err(), engine.ErrLoopClosed)
			if n := len(engine.AllTasks(l)); n != 0 {
				t.Errorf("%d tasks are left", n)
			}
			want := []string{"begun", "child", "never begun"}
			if c.name != "child" {
				want = slices.Delete(want, 1, 2)
			}
			j.want(t, want...)
			must(t, l.Close())
			j.want(t)
		})
	}
}

// TestTaskCloseMethods: a task that is being ended may call the loop: what
// schedules, waits or runs is refused, and nothing hangs.
func TestTaskCloseMethods(t *testing.T) {
	l := newLoop(t)
	reportedNames(l)
	before, cf := engine.NewFuture[int](l), engine.Submit(l, func(ctx context.Context) (int, error) { return 0, waitForever(ctx, l) })
	done := engine.NewFuture[int](l)
	must(t, done.SetResult(7))
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) {
		wantErr(t, "Await", waitForever(ctx, l), engine.ErrLoopClosed)
		for _, c := range scheduling() {
			wantErr(t, c.name, c.refused(l, func() { t.Error("ran") }), engine.ErrLoopClosed)
		}
		wantRefusedWaits(t, ctx, l)
		_, err := cf.Wait(ctx)
		wantErr(t, "Wait", err, engine.ErrLoopClosed)
		if v, err := engine.Await(ctx, done); v != 7 || err != nil {
			t.Errorf("Await of what is done: %d, %v", v, err)
		}
		wantErr(t, "SetResult", before.SetResult(1), nil)
		wantErr(t, "Complete", before.Complete(1, nil), engine.ErrLoopClosed)
		wantErr(t, "Close", l.Close(), engine.ErrLoopRunning)
		wantErr(t, "RunForever", l.RunForever(), engine.ErrLoopClosed)
		wantErr(t, "Start", l.Start(), engine.ErrLoopClosed)
		l.Stop()
		wantErr(t, "a job", engine.RunInExecutor(l, nil, func() (int, error) { return 0, nil }).Err(), engine.ErrLoopClosed)
		return 1, nil
	}, engine.TaskOptions{})
	turn(t, l)
	turn(t, l)
	must(t, l.Close())
	if v, err := task.Result(); v != 1 || err != nil {
		t.Errorf("the task ended with %d, %v", v, err)
	}
}

// wantRefusedWaits complains unless all that a task can wait for is refused.
func wantRefusedWaits(t *testing.T, ctx context.Context, l *engine.Loop) {
	nothing := func(context.Context) (int, error) { return 0, nil }
	for name, call := range waitingCalls(l) {
		if name != "AsyncGen.Close" && name != "AsyncGen.Next" && name != "ShutdownAsyncGens" {
			wantErr(t, name, call(ctx), engine.ErrLoopClosed)
		}
	}
	wantErr(t, "Sleep", engine.Sleep(ctx, 0), engine.ErrLoopClosed)
	wantErr(t, "Sleep", engine.Sleep(ctx, time.Hour), engine.ErrLoopClosed)
	for _, eager := range []bool{false, true} {
		child := engine.CreateTask(l, nothing, engine.TaskOptions{Eager: eager})
		wantErr(t, "CreateTask", child.Err(), engine.ErrLoopClosed)
	}
	wantErr(t, "Go", engine.Go(l, func(context.Context) error { return nil }), engine.ErrLoopClosed)
	_, err := engine.Submit(l, nothing).Wait(ctx)
	wantErr(t, "Submit", err, engine.ErrLoopClosed)
	limited, cancel := engine.Timeout(ctx, time.Hour)
	defer cancel()
	wantErr(t, "Timeout", engine.Sleep(limited, time.Hour), engine.ErrLoopClosed)
	_, err = engine.RunUntilComplete(l, nothing)
	wantErr(t, "RunUntilComplete", err, engine.ErrLoopClosed)
}

// TestTaskCloseGenerators: generators that are open in the middle are ended, and
// tasks that range over one close it while they are ended.
func TestTaskCloseGenerators(t *testing.T) {
	l := newLoop(t)
	reportedNames(l)
	var j journal
	count := func(name string) *engine.AsyncGen[int] {
		return engine.NewAsyncGen(l, func(ctx context.Context, yield func(int) bool) error {
			defer j.add(name + " closed")
			for i := 0; yield(i); i++ {
			}
			return nil
		})
	}
	open := count("open")
	for i := range 3 {
		must(t, engine.Go(l, func(ctx context.Context) error {
			for v, err := range count(fmt.Sprint(i)).All(ctx) {
				if must(t, err); v == 5 {
					return waitForever(ctx, l)
				}
			}
			return nil
		}))
	}
	must(t, engine.Go(l, func(ctx context.Context) error { _, err := open.Next(ctx); return err }))
	turn(t, l)
	must(t, l.Close())
	slices.Sort(j.lines) // the order is the pool's
	j.want(t, "0 closed", "1 closed", "2 closed", "open closed")
}

// TestTaskCloseInGenerator: a task that waits inside of a generator's body is
// ended, and so is the body.
func TestTaskCloseInGenerator(t *testing.T) {
	l := newLoop(t)
	reportedNames(l)
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) { return 0, readForever(ctx, l) }, engine.TaskOptions{})
	turn(t, l)
	must(t, l.Close())
	wantErr(t, "the task", task.Err(), engine.ErrLoopClosed)
}

// TestTaskCloseForeign: goroutines that wait for the loop in any way are told of
// its end, whatever their ctx.
func TestTaskCloseForeign(t *testing.T) {
	l := newLoop(t)
	reportedNames(l)
	start(t, l)
	calls := waitingCalls(l)
	delete(calls, "Gather") // is for the loop only
	delete(calls, "AsyncGen.Next")
	delete(calls, "AsyncGen.Close")
	delete(calls, "ShutdownAsyncGens")
	calls["Wait"] = func(ctx context.Context) error {
		_, err := engine.Submit(l, func(ctx context.Context) (int, error) { return 0, waitForever(ctx, l) }).Wait(ctx)
		return err
	}
	calls["Export"] = func(ctx context.Context) error { return readForever(ctx, l) }
	var wg sync.WaitGroup
	for name, call := range calls {
		wg.Go(func() { wantErr(t, name, call(nobodysCtx), engine.ErrLoopClosed) })
	}
	for len(engine.AllTasks(l)) < len(calls) {
		runtime.Gosched()
	}
	stopAndWait(l)
	must(t, l.Close())
	wg.Wait()
}

// TestTaskCloseDead: the tasks of a loop that died are ended, and Close reports
// them.
func TestTaskCloseDead(t *testing.T) {
	l := newLoop(t)
	j := reportedNames(l)
	var tasks []*engine.Task[int]
	for i := range 5 {
		tasks = append(tasks, engine.CreateTask(l, func(ctx context.Context) (int, error) {
			return i, waitForever(ctx, l)
		}, engine.TaskOptions{Name: fmt.Sprint(i)}))
	}
	turn(t, l)
	kill(l)
	j.want(t)
	must(t, l.Close())
	for _, task := range tasks {
		wantErr(t, task.Name(), task.Err(), engine.ErrLoopDied)
	}
	j.want(t, "0", "1", "2", "3", "4")
}

// TestTaskCloseCollected: a loop that nobody closes is collected after it has
// run tasks, and the goroutines of its coroutines end.
func TestTaskCloseCollected(t *testing.T) {
	before := runtime.NumGoroutine()
	log := &lines{}
	func() { // whose frame, and so the loop, is gone afterwards
		l, err := engine.NewEventLoop(hosted(t, engine.Config{Logger: log.logger()}))
		must(t, err)
		inTaskOf(t, l, func(ctx context.Context) {
			for range 100 {
				must(t, engine.Go(l, func(ctx context.Context) error { return engine.Sleep(ctx, 0) }))
			}
			must(t, engine.Sleep(ctx, time.Microsecond))
			for len(engine.AllTasks(l)) > 1 {
				must(t, engine.Sleep(ctx, 0))
			}
		})
	}()
	for !log.has("an event loop was never closed") || runtime.NumGoroutine() > before {
		runtime.GC()
		runtime.Gosched()
	}
}
