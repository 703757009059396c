package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestAwaitOnAnyGoroutine blocks goroutines that are no loop's, with any ctx.
func TestAwaitOnAnyGoroutine(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	f, never := engine.NewFuture[int](l), engine.NewFuture[int](l)
	answers := make(chan int, 3)
	for range 3 {
		go func() {
			v, err := engine.Await(backgroundCtx, f)
			if err != nil {
				t.Errorf("Await: %v", err)
			}
			answers <- v
		}()
	}
	must(t, f.Complete(4, nil))
	for range 3 {
		wantSame(t, "Await", <-answers, 4)
	}
	ctx, cancel := context.WithCancelCause(backgroundCtx)
	go func() {
		for n := 0; n == 0; { // until it waits
			onLoop(t, l, func() { n = len(engine.AllTasks(l)) })
		}
		onLoop(t, l, func() {}) // behind its first step
		cancel(errReason)
	}()
	_, err := engine.Await(ctx, never)
	wantErr(t, "Await when ctx ends", err, errReason)
	for end := false; !end; { // the future is cancelled a little later
		onLoop(t, l, func() { end = never.Cancelled() })
	}
	_, err = engine.WaitFor(backgroundCtx, engine.NewFuture[int](l), time.Microsecond)
	wantErr(t, "WaitFor", err, engine.ErrTimeout)
	must(t, engine.Sleep(backgroundCtx, 1))
}

// TestAwaitBesideTask: goroutines wait by the ctx of a task, while that task
// runs, waits and ends.
func TestAwaitBesideTask(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	f, late := engine.NewFuture[int](l), engine.NewFuture[int](l)
	answers := make(chan error, 2)
	_, err := engine.Submit(l, func(ctx context.Context) (int, error) {
		waiting := make(chan struct{})
		go func() {
			close(waiting)
			_, err := engine.Await(ctx, f)
			answers <- err
			_, err = engine.Await(ctx, late)
			answers <- err
		}()
		<-waiting // the task is running meanwhile
		sleepFor(t, ctx, time.Millisecond)
		must(t, f.SetResult(1))
		both := engine.NewFuture[int](l)
		go func() { must(t, <-answers); _ = both.Complete(1, nil) }()
		return engine.Await(ctx, both)
	}).Wait(backgroundCtx)
	must(t, err)
	wantErr(t, "Await beside a task that ends", <-answers, engine.ErrTaskEnded)
}

// TestGroupInTask: goroutines that a task starts, in the manner of errgroup,
// use the loop by the task's ctx, and end with it.
func TestGroupInTask(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	sum, err := engine.Submit(l, func(ctx context.Context) (int, error) {
		return group(ctx, l, 8, func(ctx context.Context, i int) (int, error) {
			return engine.Await(ctx, engine.Bridge(l, engine.Submit(l, func(ctx context.Context) (int, error) {
				return i, engine.Sleep(ctx, 0)
			})))
		})
	}).Wait(backgroundCtx)
	wantSame(t, "the sum", sum, 36)
	must(t, err)
	_, err = engine.Submit(l, func(ctx context.Context) (int, error) {
		return group(ctx, l, 8, func(ctx context.Context, i int) (int, error) {
			if i == 3 {
				return 0, errFails
			}
			return 0, engine.Sleep(ctx, time.Hour)
		})
	}).Wait(backgroundCtx)
	wantErr(t, "a group of which one fails", err, errFails)
}

// group calls fn on n goroutines, waits for them in the task of ctx, and returns
// the sum. The first error ends the others.
func group(ctx context.Context, l *engine.Loop, n int, fn func(ctx context.Context, i int) (int, error)) (int, error) {
	below, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := make(chan int, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			v, err := fn(below, i+1)
			if err != nil {
				cancel(err)
			}
			parts <- v
		})
	}
	over := engine.NewFuture[int](l)
	go func() { all.Wait(); _ = over.Complete(1, nil) }()
	if _, err := engine.Await(context.WithoutCancel(ctx), over); err != nil {
		return 0, err
	}
	sum := 0
	for range n {
		sum += <-parts
	}
	return sum, context.Cause(below)
}

// TestCancelReachesGoroutines: the cancellation of a task ends the waits of the
// goroutines that use its ctx.
func TestCancelReachesGoroutines(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	answers := make(chan error)
	begun := make(chan struct{})
	f := engine.Submit(l, func(ctx context.Context) (int, error) {
		go func() {
			_, err := engine.Await(ctx, engine.NewFuture[int](l))
			answers <- err
		}()
		close(begun)
		return 0, engine.Sleep(ctx, time.Hour)
	})
	<-begun
	f.Cancel(errReason)
	wantCancellation(t, <-answers, errReason)
}

// TestWaitInTask: a ConcurrentFuture suspends a task that waits for it, and the
// end of the wait does not end it.
func TestWaitInTask(t *testing.T) {
	here, there := newLoop(t), newLoop(t)
	start(t, there)
	release := make(chan struct{})
	f := engine.Submit(there, func(context.Context) (int, error) { <-release; return 3, nil })
	runTask(t, here, func(ctx context.Context) {
		limited, cancel := engine.Timeout(ctx, time.Microsecond)
		defer cancel()
		_, err := f.Wait(limited)
		wantErr(t, "Wait with a limit", err, engine.ErrTimeout)
		wantSame(t, "Cancelled", f.Cancelled(), false)
		here.CallSoon(func() { close(release) })
		v, err := f.Wait(ctx)
		wantSame(t, "Wait", v, 3)
		must(t, err)
	})
}

// TestCloseEndsWaits: goroutines that wait for a loop see its end.
func TestCloseEndsWaits(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	waits := make(chan error, 2)
	f := engine.NewFuture[int](l)
	go func() { _, err := engine.Await(backgroundCtx, f); waits <- err }()
	go func() {
		_, err := engine.Submit(l, func(ctx context.Context) (int, error) { return 0, engine.Sleep(ctx, time.Hour) }).Wait(backgroundCtx)
		waits <- err
	}()
	for tasks := 0; tasks < 2; {
		onLoop(t, l, func() { tasks = len(engine.AllTasks(l)) })
	}
	onLoop(t, l, func() { reported(l) })
	stopAndWait(l)
	must(t, l.Close())
	for range 2 {
		if err := <-waits; !errors.Is(err, engine.ErrLoopClosed) {
			t.Errorf("a wait: %v", err)
		}
	}
}
