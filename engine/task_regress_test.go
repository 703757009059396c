package engine_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestRegressCancelCircle: tasks that wait for each other in a circle end when
// one of them is cancelled, which was asked once.
func TestRegressCancelCircle(t *testing.T) {
	for n := 2; n < 5; n++ {
		for first := range n {
			t.Run(fmt.Sprintf("%d of %d", first, n), func(t *testing.T) { testCircle(t, n, first) })
		}
	}
}

func testCircle(t *testing.T, n, first int) {
	l, _ := simLoop(t)
	tasks := make([]*engine.Task[int], n)
	for i := range tasks {
		tasks[i] = newTask(l, func(ctx context.Context) error {
			_, err := engine.Await(ctx, tasks[(i+1)%n])
			return err
		})
	}
	turn(t, l)
	if !tasks[first].Cancel(errReason) {
		t.Error("Cancel was refused")
	}
	for range n + 2 {
		turn(t, l)
	}
	for i, task := range tasks {
		wantCancelled(t, task, errReason)
		if got := task.Cancelling(); got != 1 {
			t.Errorf("task %d counts %d requests", i, got)
		}
	}
}

// TestRegressCancelOwnGather: a task that waits for itself by way of a Gather is
// cancelled all the same, in a wait and before it.
func TestRegressCancelOwnGather(t *testing.T) {
	for _, early := range []bool{false, true} {
		l, _ := simLoop(t)
		var task *engine.Task[int]
		task = newTask(l, func(ctx context.Context) error {
			if early {
				task.Cancel(errReason)
			}
			_, err := engine.Await(ctx, engine.Gather(task))
			return err
		})
		turn(t, l)
		if !early {
			task.Cancel(errReason)
		}
		turn(t, l)
		turn(t, l)
		wantCancelled(t, task, errReason)
	}
}

// TestRegressTimeoutOfCircle: a time limit ends a wait in a circle too.
func TestRegressTimeoutOfCircle(t *testing.T) {
	l, _ := simLoop(t)
	var a, b *engine.Task[int]
	a = newTask(l, func(ctx context.Context) error { _, err := engine.WaitFor(ctx, b, time.Second); return err })
	b = newTask(l, func(ctx context.Context) error { _, err := engine.Await(ctx, a); return err })
	runTask(t, l, func(ctx context.Context) { sleepFor(t, ctx, time.Minute) })
	wantFailed(t, a, engine.ErrTimeout)
	wantFailed(t, b, engine.ErrTimeout)
}

// TestRegressLateLoopClosed: the waits that a task has behind it do not count
// among those that it may begin after Close.
func TestRegressLateLoopClosed(t *testing.T) {
	l, _ := simLoop(t)
	var got error
	task := newTask(l, func(ctx context.Context) error {
		for range 1500 {
			must(t, engine.Sleep(ctx, 0))
		}
		got = waitForever(ctx, l)
		return got
	})
	for range 1502 {
		turn(t, l)
	}
	must(t, l.Close())
	wantErr(t, "the wait", got, engine.ErrLoopClosed)
	wantErr(t, "the task", task.Err(), engine.ErrLoopClosed)
}

// endings end a loop, and what waits are told then.
func endings(t *testing.T) map[string]struct {
	end func(*engine.Loop)
	err error
} {
	return map[string]struct {
		end func(*engine.Loop)
		err error
	}{
		"closed": {func(l *engine.Loop) { must(t, l.Close()) }, engine.ErrLoopClosed},
		"dead":   {kill, engine.ErrLoopDied},
	}
}

// onEndings runs a test with a loop that will be closed, and one that will die.
func onEndings(t *testing.T, test func(t *testing.T, l *engine.Loop, end func(*engine.Loop), want error)) {
	for name, e := range endings(t) {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			reportedNames(l)
			test(t, l, e.end, e.err)
		})
	}
}

// TestRegressGeneratorCleansUp: a generator whose clean-up waits does not keep its
// loop from ending, whether a task drives it or nobody does.
func TestRegressGeneratorCleansUp(t *testing.T) {
	for _, driven := range []bool{true, false} {
		onEndings(t, func(t *testing.T, l *engine.Loop, end func(*engine.Loop), want error) {
			var slept error
			g := engine.NewAsyncGen(l, func(ctx context.Context, yield func(int) bool) error {
				defer func() { slept = engine.Sleep(ctx, time.Hour) }()
				yield(1)
				return waitForever(ctx, l)
			})
			must(t, engine.Go(l, func(ctx context.Context) error {
				_, err := g.Next(ctx)
				if driven {
					_, err = g.Next(ctx)
				}
				return err
			}))
			turn(t, l)
			end(l)
			wantErr(t, "Sleep in the clean-up", slept, want)
		})
	}
}

// TestRegressGeneratorGoesOn: a body that waits for ever, and does not look at
// errors, is ended with its loop.
func TestRegressGeneratorGoesOn(t *testing.T) {
	for _, driven := range []bool{true, false} {
		onEndings(t, func(t *testing.T, l *engine.Loop, end func(*engine.Loop), _ error) {
			over := false
			g := engine.NewAsyncGen(l, func(ctx context.Context, yield func(int) bool) error {
				defer func() { over = true }()
				for yield(1); ; {
					_ = engine.Sleep(ctx, time.Hour)
				}
			})
			must(t, engine.Go(l, func(ctx context.Context) error {
				_, err := g.Next(ctx)
				if driven {
					_, err = g.Next(ctx)
				}
				return err
			}))
			turn(t, l)
			end(l)
			if !over {
				t.Error("the body goes on")
			}
		})
	}
}

// TestRegressGeneratorsAtTheEnd: a task that begins generators for ever is ended
// with its loop, and no body begins any more.
func TestRegressGeneratorsAtTheEnd(t *testing.T) {
	onEndings(t, func(t *testing.T, l *engine.Loop, end func(*engine.Loop), want error) {
		var ending bool
		task := newTask(l, func(ctx context.Context) error {
			for {
				g := engine.NewAsyncGen(l, func(ctx context.Context, _ func(int) bool) error {
					if ending {
						t.Error("a body began")
					}
					return waitForever(ctx, l)
				})
				if _, err := g.Next(ctx); err != nil {
					ending = true
					wantErr(t, "Next", err, want)
				}
			}
		})
		turn(t, l)
		end(l)
		wantErr(t, "the task", task.Err(), engine.ErrTaskExited)
	})
}

// TestRegressReportedInGenerator: a task that waits inside of a generator is
// reported at Close, as every other.
func TestRegressReportedInGenerator(t *testing.T) {
	l := newLoop(t)
	j := reportedNames(l)
	engine.CreateTask(l, func(ctx context.Context) (int, error) {
		return 0, readForever(ctx, l)
	}, engine.TaskOptions{Name: "reads"})
	turn(t, l)
	must(t, l.Close())
	j.want(t, "reads")
}

// TestRegressNobodysCtxAtTheEnd: a wait with the ctx of nobody is told of the end
// too, and a task that does nothing else is ended.
func TestRegressNobodysCtxAtTheEnd(t *testing.T) {
	onEndings(t, func(t *testing.T, l *engine.Loop, end func(*engine.Loop), want error) {
		cf := engine.Submit(l, func(ctx context.Context) (int, error) { return 0, waitForever(ctx, l) })
		wait := func() error { _, err := cf.Wait(nobodysCtx); return err }
		task := newTask(l, func(ctx context.Context) error {
			_ = waitForever(ctx, l)
			wantErr(t, "Sleep", engine.Sleep(nobodysCtx, time.Hour), want)
			wantErr(t, "Wait", wait(), want)
			for {
				_ = engine.Sleep(nobodysCtx, time.Hour)
			}
		})
		turn(t, l)
		turn(t, l)
		end(l)
		wantErr(t, "the task", task.Err(), engine.ErrTaskExited)
	})
}

// TestRegressShutdownAsyncGensAtTheEnd: closing generators is refused, open ones
// or none, like every other wait.
func TestRegressShutdownAsyncGensAtTheEnd(t *testing.T) {
	for open := range 2 {
		onEndings(t, func(t *testing.T, l *engine.Loop, end func(*engine.Loop), want error) {
			var got error
			task := newTask(l, func(ctx context.Context) error {
				if open > 0 {
					begun(t, ctx, counter(l, noError))
				}
				_ = waitForever(ctx, l)
				got = l.ShutdownAsyncGens(ctx)
				return nil
			})
			turn(t, l)
			end(l)
			wantErr(t, "ShutdownAsyncGens", got, want)
			wantErr(t, "the task", task.Err(), nil)
		})
	}
}

// TestRegressCloseByMany: Close by several goroutines at once closes once.
func TestRegressCloseByMany(t *testing.T) {
	l := newLoop(t)
	j := reportedNames(l)
	engine.CreateTask(l, func(ctx context.Context) (int, error) { return 0, waitForever(ctx, l) }, engine.TaskOptions{Name: "waits"})
	turn(t, l)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { must(t, l.Close()) })
	}
	wg.Wait()
	j.want(t, "waits")
}

// TestRegressForeignersOfTheDead: goroutines that wait for a loop are told that it
// died, without a Close.
func TestRegressForeignersOfTheDead(t *testing.T) {
	l := newLoop(t)
	reportedNames(l)
	start(t, l)
	calls := waitingCalls(l)
	calls["AsyncGen.Next"] = func(ctx context.Context) error { return readForever(ctx, l) }
	delete(calls, "Gather") // is for the loop only
	delete(calls, "AsyncGen.Close")
	delete(calls, "ShutdownAsyncGens")
	var wg sync.WaitGroup
	for name, call := range calls {
		wg.Go(func() { wantErr(t, name, call(nobodysCtx), engine.ErrLoopDied) })
	}
	for len(engine.AllTasks(l)) < len(calls) {
		runtime.Gosched()
	}
	l.CallSoonThreadsafe(goexit)
	wg.Wait()
}

// TestRegressDoneAfterDeath: the tasks of a loop that died may be asked as soon as
// its run is over.
func TestRegressDoneAfterDeath(t *testing.T) {
	l := newLoop(t)
	reportedNames(l)
	task := newTask(l, func(ctx context.Context) error { return waitForever(ctx, l) })
	turn(t, l)
	kill(l)
	if !task.Done() {
		t.Error("the task is not done")
	}
	wantErr(t, "the task", task.Err(), engine.ErrLoopDied)
}

// TestRegressLateEndOfGo: the end of a context is on its way when the task of Go
// that it was meant for is over and used again.
func TestRegressLateEndOfGo(t *testing.T) {
	l, _ := simLoop(t)
	for range 100 {
		base, end := context.WithCancel(context.Background())
		l.CallSoonContext(base, func() {
			l.CallSoon(func() { l.CallSoon(end) }) // in the turn of the task's end, ahead of it
			must(t, engine.Go(l, func(ctx context.Context) error { return engine.Sleep(ctx, 0) }))
		})
		for range 4 {
			turn(t, l)
		}
	}
}

// TestRegressAllTasksOfGo: other goroutines may ask for the tasks while those of Go
// come and go.
func TestRegressAllTasksOfGo(t *testing.T) {
	l := newLoop(t)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				engine.AllTasks(l)
			}
		}
	}()
	inTaskOf(t, l, func(ctx context.Context) {
		for range 1000 {
			for range 20 {
				must(t, engine.Go(l, func(ctx context.Context) error { return nil }))
			}
			sleepFor(t, ctx, 0)
		}
	})
	close(stop)
	<-stopped
}

// TestRegressLimitOfNext: the limit of a Next ends what the body waits for, also
// with a ctx that the body has derived from its own.
func TestRegressLimitOfNext(t *testing.T) {
	derived := map[string]func(ctx context.Context) (context.Context, context.CancelFunc){
		"plain": func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, nop },
		"scope": func(ctx context.Context) (context.Context, context.CancelFunc) { return engine.Timeout(ctx, time.Hour) },
		"child": context.WithCancel,
		"value": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithValue(ctx, wordKey{}, "w"), nop
		},
		"in scope": func(ctx context.Context) (context.Context, context.CancelFunc) { return inScope(ctx) },
	}
	for inner, derive := range derived {
		for outer, limit := range map[string]func(context.Context, time.Duration) (context.Context, context.CancelFunc){
			"scope": engine.Timeout,
			"child": func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
				ctx, cancel := engine.Timeout(ctx, d)
				return context.WithValue(ctx, wordKey{}, "v"), cancel
			},
		} {
			t.Run(inner+" in "+outer, func(t *testing.T) { testLimitOfNext(t, derive, limit) })
		}
	}
}

// inScope derives from a scope.
func inScope(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := engine.Timeout(ctx, time.Hour)
	ctx, cancel := context.WithCancel(ctx)
	return ctx, func() { cancel(); end() }
}

func testLimitOfNext(t *testing.T, derive func(context.Context) (context.Context, context.CancelFunc), limit func(context.Context, time.Duration) (context.Context, context.CancelFunc)) {
	l, clock := simLoop(t)
	sleeps := engine.NewAsyncGen(l, func(ctx context.Context, _ func(int) bool) error {
		ctx, cancel := derive(ctx)
		defer cancel()
		return engine.Sleep(ctx, time.Minute)
	})
	outer := engine.NewAsyncGen(l, func(ctx context.Context, _ func(int) bool) error {
		ctx, cancel := derive(ctx)
		defer cancel()
		_, err := sleeps.Next(ctx)
		return err
	})
	runTask(t, l, func(ctx context.Context) {
		before := clock.Now()
		ctx, cancel := limit(ctx, time.Second)
		defer cancel()
		_, err := outer.Next(ctx)
		wantErr(t, "Next", err, engine.ErrTimeout)
		if took := clock.Now() - before; took > int64(2*time.Second) {
			t.Errorf("Next took %v", time.Duration(took))
		}
	})
}

// TestRegressFactoryPanics: a goroutine that waits for a task is told when its
// loop's task factory breaks.
func TestRegressFactoryPanics(t *testing.T) {
	l := newLoop(t)
	told := reported(l)
	must(t, l.SetTaskFactory(func(*engine.Loop, engine.Coro, engine.TaskOptions) engine.AnyTask { panic(errBroken) }))
	f := engine.Submit(l, func(context.Context) (int, error) { return 0, nil })
	turn(t, l)
	_, err := f.Result()
	wantErr(t, "Submit", err, errBroken)
	if len(*told) != 1 {
		t.Errorf("reports %v", *told)
	}
}

// TestRegressYieldTooLate: yield of a body that has ended hands over nothing, and
// suspends nobody.
func TestRegressYieldTooLate(t *testing.T) {
	l, _ := simLoop(t)
	var late func(int) bool
	g := engine.NewAsyncGen(l, func(_ context.Context, yield func(int) bool) error { late = yield; return nil })
	runTask(t, l, func(ctx context.Context) {
		for range g.All(ctx) {
			t.Error("a value")
		}
	})
	task := newTask(l, func(ctx context.Context) error { // likely on the same coroutine
		if late(1) {
			t.Error("yield goes on")
		}
		return nil
	})
	turn(t, l)
	wantValue(t, task, 0)
	g = engine.NewAsyncGen(l, func(context.Context, func(int) bool) error {
		if late(1) {
			t.Error("yield goes on in another body")
		}
		return nil
	})
	runTask(t, l, func(ctx context.Context) { _, err := g.Next(ctx); wantErr(t, "Next", err, io.EOF) })
}

// TestRegressCtxOfEndedGenerator: the ctx of a body that has ended names no task.
func TestRegressCtxOfEndedGenerator(t *testing.T) {
	l, _ := simLoop(t)
	var late context.Context
	g := engine.NewAsyncGen(l, func(ctx context.Context, _ func(int) bool) error { late = ctx; return nil })
	runTask(t, l, func(ctx context.Context) {
		_, err := g.Next(ctx)
		wantErr(t, "Next", err, io.EOF)
		if task := engine.CurrentTask(late); task != nil {
			t.Errorf("it names %v", task)
		}
		wantErr(t, "Sleep", engine.Sleep(late, 0), engine.ErrNotInTask)
	})
}
