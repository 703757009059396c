package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

var backgroundCtx = context.Background()

func TestTasksFromOutside(t *testing.T) {
	prove(t, "FUT-51", testAllTasks)
	prove(t, "FUT-52", func(t *testing.T) {
		testSubmitFromMany(t)
		testSubmitCancel(t)
		testSubmitRefused(t)
	})
	prove(t, "FUT-21", testBridge)
}

func testAllTasks(t *testing.T) {
	a, b := newLoop(t), newLoop(t)
	start(t, a)
	start(t, b)
	held := make(chan context.Context)
	var all []*engine.ConcurrentFuture[int]
	for _, l := range []*engine.Loop{a, a, b} {
		all = append(all, engine.Submit(l, func(ctx context.Context) (int, error) {
			engine.CurrentTask(ctx).SetName("held")
			held <- ctx
			return 0, engine.Sleep(ctx, time.Hour)
		}))
	}
	holds := func(l *engine.Loop) (n int) {
		for _, task := range engine.AllTasks(l) {
			if task.Name() == "held" {
				n++
			}
		}
		return n
	}
	ctxs := []context.Context{<-held, <-held, <-held}
	var many sync.WaitGroup
	for range 8 {
		many.Go(func() {
			wantSame(t, "tasks of a", holds(a), 2)
			wantSame(t, "tasks of b", holds(b), 1)
			for _, ctx := range ctxs {
				task := engine.CurrentTask(context.WithValue(ctx, wordKey{}, "below"))
				if task == nil || task.Loop() != a && task.Loop() != b {
					t.Errorf("CurrentTask is %v", task)
				}
				if n, err := engine.Submit(task.Loop(), func(context.Context) (int, error) { return 1, nil }).Wait(ctx); n != 1 {
					t.Errorf("Submit beside it: %v", err)
				}
			}
			if task := engine.CurrentTask(backgroundCtx); task != nil {
				t.Errorf("CurrentTask without one is %v", task)
			}
		})
	}
	many.Wait()
	for _, f := range all {
		f.Cancel(nil)
	}
}

// testSubmitFromMany: many goroutines at once, and each gets its own result.
func testSubmitFromMany(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	var many sync.WaitGroup
	for i := range 8 {
		many.Go(func() {
			for j := range 50 {
				v, err := engine.Submit(l, func(ctx context.Context) (int, error) {
					err := engine.Sleep(ctx, 0)
					if j == 49 {
						err = errFails
					}
					return 50*i + j, err
				}).Wait(backgroundCtx)
				if v != 50*i+j || (err != nil) != (j == 49) {
					t.Errorf("%d of %d is %d, %v", j, i, v, err)
				}
			}
		})
	}
	many.Wait()
}

// testSubmitCancel: a cancellation crosses over, and what waits for it ends at
// once.
func testSubmitCancel(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	begun, ended := make(chan struct{}), make(chan error)
	f := engine.Submit(l, func(ctx context.Context) (int, error) {
		close(begun)
		err := engine.Sleep(ctx, time.Hour)
		ended <- err
		return 0, err
	})
	<-begun
	_, err := f.Result()
	wantErr(t, "Result before the end", err, engine.ErrInvalidState)
	ctx, cancel := context.WithCancelCause(backgroundCtx)
	cancel(errFails)
	_, err = f.Wait(ctx)
	wantErr(t, "Wait when its ctx ends", err, errFails)
	wantSame(t, "Cancel", f.Cancel(errReason), true)
	<-f.Done()
	wantSame(t, "a second Cancel", f.Cancel(nil), false)
	wantSame(t, "Cancelled", f.Cancelled(), true)
	_, err = f.Wait(backgroundCtx)
	wantCancellation(t, err, errReason)
	wantCancellation(t, <-ended, errReason)
	own := engine.Submit(l, func(ctx context.Context) (int, error) {
		engine.CurrentTask(ctx).Cancel(errReason)
		return 0, engine.Sleep(ctx, 0)
	})
	_, err = own.Wait(backgroundCtx)
	wantCancellation(t, err, errReason)
	wantSame(t, "Cancelled by the task itself", own.Cancelled(), true)
}

func testSubmitRefused(t *testing.T) {
	l := newLoop(t)
	body := func(ctx context.Context) (int, error) { return 1, engine.Sleep(ctx, 0) }
	early := engine.Submit(l, body)
	dropped := engine.Submit(l, func(ctx context.Context) (int, error) { return 1, engine.Sleep(ctx, time.Hour) })
	cancelled := engine.Submit(l, func(context.Context) (int, error) { t.Error("the body ran"); return 0, nil })
	wantSame(t, "Cancel", cancelled.Cancel(nil), true)
	turn(t, l)
	turn(t, l)
	turn(t, l)
	turn(t, l)
	v, err := early.Result()
	wantSame(t, "a result of what was submitted before the run", v, 1)
	must(t, err)
	reported(l)
	unbegun := engine.Submit(l, body)
	must(t, l.Close())
	for what, f := range map[string]*engine.ConcurrentFuture[int]{
		"begun": dropped, "not begun": unbegun, "after Close": engine.Submit(l, body),
	} {
		_, err := f.Wait(backgroundCtx)
		wantErr(t, "the end of the loop, "+what, err, engine.ErrLoopClosed)
		wantSame(t, "Cancelled", f.Cancelled(), false)
	}
}

// testBridge: results, errors and cancellations cross to another loop and back.
func testBridge(t *testing.T) {
	here, there := newLoop(t), newLoop(t)
	start(t, there)
	body := func(v int, err error) *engine.ConcurrentFuture[int] {
		return engine.Submit(there, func(ctx context.Context) (int, error) {
			return v, errors.Join(err, engine.Sleep(ctx, 0))
		})
	}
	runTask(t, here, func(ctx context.Context) {
		v, err := engine.Await(ctx, engine.Bridge(here, body(7, nil)))
		wantSame(t, "a result", v, 7)
		must(t, err)
		_, err = engine.Await(ctx, engine.Bridge(here, body(0, errFails)))
		wantErr(t, "an error", err, errFails)
		begun, ended := make(chan struct{}), make(chan error, 1)
		source := engine.Submit(there, func(ctx context.Context) (int, error) {
			close(begun)
			err := engine.Sleep(ctx, time.Hour)
			ended <- err
			return 0, err
		})
		<-begun
		wrapper := engine.Bridge(here, source)
		wantSame(t, "Cancel", wrapper.Cancel(errReason), true)
		wantCancelled(t, wrapper, errReason)
		wantCancellation(t, <-ended, errReason)
		wantSame(t, "Cancelled of the source", source.Cancelled(), true)
		other := engine.Submit(there, func(ctx context.Context) (int, error) { return 0, engine.Sleep(ctx, time.Hour) })
		other.Cancel(errReason)
		_, err = engine.Await(ctx, engine.Bridge(here, other))
		wantCancellation(t, err, errReason)
	})
	testBridgeToClosed(t, there)
}

// testBridgeToClosed: when the wrapper's loop is closed, nobody is told; when
// the source's is, the wrapper is.
func testBridgeToClosed(t *testing.T, there *engine.Loop) {
	closed := newLoop(t)
	release := make(chan struct{})
	source := engine.Submit(there, func(context.Context) (int, error) { <-release; return 1, nil })
	lost := engine.Bridge(closed, source)
	must(t, closed.Close())
	close(release)
	v, err := source.Wait(backgroundCtx)
	wantSame(t, "the source's result", v, 1)
	must(t, err)
	onLoop(t, there, nop)
	wantPending(t, lost)
	here, gone := newLoop(t), newLoop(t)
	told := engine.Bridge(here, engine.NewFuture[int](gone))
	must(t, gone.Close())
	_, err = engine.RunUntilDone(here, told)
	wantErr(t, "a source whose loop is closed", err, engine.ErrLoopClosed)
}

// TestBridgeOfFuture takes futures and tasks of another loop, without a
// ConcurrentFuture between.
func TestBridgeOfFuture(t *testing.T) {
	here, there := newLoop(t), newLoop(t)
	start(t, there)
	f, dies := engine.NewFuture[int](there), engine.NewFuture[int](there)
	var task *engine.Task[int]
	onLoop(t, there, func() {
		task = newTask(there, func(ctx context.Context) error { return engine.Sleep(ctx, time.Hour) })
	})
	runTask(t, here, func(ctx context.Context) {
		bridge := engine.Bridge(here, f)
		must(t, f.Complete(8, nil))
		v, err := engine.Await(ctx, bridge)
		wantSame(t, "a future's result", v, 8)
		must(t, err)
		_, err = engine.WaitFor(ctx, engine.Bridge(here, task), 1)
		wantErr(t, "WaitFor of a bridge", err, engine.ErrTimeout)
		onLoop(t, there, func() { dies.Cancel(errReason) })
		_, err = engine.Await(ctx, engine.Bridge(here, dies))
		wantCancellation(t, err, errReason)
	})
	_, err := engine.Await(backgroundCtx, task)
	wantCancellation(t, err, engine.ErrTimeout)
}

// TestAwaitAcrossLoops: a call that waits for another loop suspends the task
// and runs there.
func TestAwaitAcrossLoops(t *testing.T) {
	here, there := newLoop(t), newLoop(t)
	start(t, there)
	gen := engine.NewAsyncGen(there, func(ctx context.Context, yield func(string) bool) error {
		l, err := engine.RunningLoop()
		yield(fmt.Sprintf("%t %v %v %t", l == there, err, ctx.Value(wordKey{}), engine.CurrentTask(ctx).Loop() == there))
		return nil
	})
	runTask(t, here, func(ctx context.Context) {
		ctx = context.WithValue(ctx, wordKey{}, "crosses")
		v, err := gen.Next(ctx)
		wantSame(t, "Next across loops", v, "true <nil> crosses true")
		must(t, err)
		must(t, gen.Close(ctx))
		v2, err := engine.Submit(there, func(ctx context.Context) (int, error) { return 2, engine.Sleep(ctx, 0) }).Wait(ctx)
		wantSame(t, "Wait across loops", v2, 2)
		must(t, err)
	})
}
