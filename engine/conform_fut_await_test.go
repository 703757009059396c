package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestAwaitTurns counts the turns that waits take.
func TestAwaitTurns(t *testing.T) {
	c := newChronicle(t)
	f, done := engine.NewFuture[int](c.l), engine.NewFuture[int](c.l)
	must(t, done.SetResult(1))
	child := newTask(c.l, func(ctx context.Context) error { sleepFor(t, ctx, 0); return nil })
	c.tells("child", child)
	c.task(func(ctx context.Context) error {
		v, _ := engine.Await(ctx, done)
		c.note("done: %d", v)
		sleepFor(t, ctx, 0)
		c.note("slept 0")
		sleepFor(t, ctx, -time.Second)
		c.note("slept less")
		_, _ = engine.Await(ctx, child)
		c.note("child is over")
		v, err := engine.Await(ctx, f)
		c.note("f: %s", resultText(v, err))
		return nil
	})
	c.in(5, func() { must(t, f.SetResult(2)); c.note("set") })
	c.turns(6)
	c.want(t, "1 done: 1", "2 slept 0", "3 child has 0", "3 slept less", "3 child is over", "5 set", "6 f: 2")
}

// TestSleepTurns: the time is up in the turn of the timer, and the task goes on
// one turn later.
func TestSleepTurns(t *testing.T) {
	c := newChronicle(t)
	c.task(func(ctx context.Context) error {
		sleepFor(t, ctx, time.Second)
		c.note("awake")
		return nil
	})
	c.turns(1)
	c.l.CallLater(time.Second, func() { c.note("timer") })
	c.clock.Advance(time.Second)
	c.turns(3)
	c.want(t, "2 timer", "3 awake")
}

// TestAwaitOrder: those who wait go on in the order in which they began to,
// callbacks and tasks alike.
func TestAwaitOrder(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	c.awaits("a", f)
	c.turns(1)
	c.tells("callback", f)
	c.awaits("b", f)
	c.turns(1)
	g := engine.Gather(f)
	g.AddDoneCallback(func(*engine.Future[[]int]) { c.note("gathered") })
	c.awaits("c", engine.Shield(f))
	c.turns(1)
	must(t, f.SetResult(1))
	c.awaits("late", f)
	c.turns(3)
	c.want(t, "4 a gets 1", "4 callback has 1", "4 b gets 1", "4 late gets 1", "5 gathered", "5 c gets 1")
}

// TestAwaitCancelled: a future that is cancelled tells all who wait, and cancels
// none of them who goes on.
func TestAwaitCancelled(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	a, b := c.awaits("a", f), c.awaits("b", f)
	swallows := c.task(func(ctx context.Context) error {
		_, err := engine.Await(ctx, f)
		wantCancellation(t, err, errReason)
		must(t, ctx.Err())
		sleepFor(t, ctx, 0)
		return nil
	})
	c.turns(1)
	f.Cancel(errReason)
	c.turns(2)
	c.want(t, "2 a gets cancelled: the reason", "2 b gets cancelled: the reason")
	wantCancelled(t, a, errReason)
	wantCancelled(t, b, errReason)
	wantValue(t, swallows, 0)
	wantSame(t, "Cancelling", a.Cancelling(), 0)
}

// TestAwaitOutsideOfTask: a bare callback must not wait, nor may a task by the
// ctx of another one.
func TestAwaitOutsideOfTask(t *testing.T) {
	l, _ := simLoop(t)
	f, done := engine.NewFuture[int](l), engine.NewFuture[int](l)
	must(t, done.SetResult(1))
	var ctxs []context.Context
	refused := func(what string) {
		for _, ctx := range append(ctxs, context.Background()) {
			for _, a := range []engine.Awaitable[int]{f, done} {
				_, err := engine.Await(ctx, a)
				wantErr(t, "Await in "+what, err, engine.ErrNotInTask)
				_, err = engine.WaitFor(ctx, a, time.Second)
				wantErr(t, "WaitFor in "+what, err, engine.ErrNotInTask)
			}
			wantErr(t, "Sleep in "+what, engine.Sleep(ctx, 0), engine.ErrNotInTask)
			_, err := engine.Submit(l, func(context.Context) (int, error) { return 0, nil }).Wait(ctx)
			wantErr(t, "Wait in "+what, err, engine.ErrNotInTask)
		}
	}
	newTask(l, func(ctx context.Context) error {
		ctxs = append(ctxs, ctx, context.WithValue(ctx, wordKey{}, "w"))
		_, err := engine.Await(ctx, f)
		return err
	})
	l.CallSoon(func() { refused("a callback") })
	newTask(l, func(context.Context) error { refused("another task"); return nil })
	turn(t, l)
	must(t, f.SetResult(1))
	turn(t, l)
	newTask(l, func(context.Context) error { refused("a task, by the ctx of one that has ended"); return nil })
	turn(t, l)
	turn(t, l)
}

// TestAwaitNotRunning: nobody waits for a loop that does not run.
func TestAwaitNotRunning(t *testing.T) {
	l, _ := simLoop(t)
	f := engine.NewFuture[int](l)
	_, err := engine.Await(context.Background(), f)
	wantErr(t, "Await on a loop that does not run", err, engine.ErrLoopNotRunning)
	_, err = engine.WaitFor(context.Background(), f, 0)
	wantErr(t, "WaitFor on a loop that does not run", err, engine.ErrLoopNotRunning)
	must(t, l.Close())
	_, err = engine.Await(context.Background(), f)
	wantErr(t, "Await on a closed loop", err, engine.ErrLoopClosed)
	must(t, engine.Sleep(context.Background(), 0))
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errReason)
	wantErr(t, "Sleep", engine.Sleep(ctx, time.Hour), errReason)
}

// TestAwaitAfterClose: a task sees the end of its loop in every wait, and ends.
func TestAwaitAfterClose(t *testing.T) {
	l, _ := simLoop(t)
	reported(l)
	var errs []error
	task := newTask(l, func(ctx context.Context) error {
		errs = append(errs, engine.Sleep(ctx, time.Hour), engine.Sleep(ctx, 0), engine.Sleep(ctx, time.Hour))
		_, err := engine.Await(ctx, engine.NewFuture[int](l))
		errs = append(errs, err)
		_, err = engine.WaitFor(ctx, engine.NewFuture[int](l), time.Second)
		errs = append(errs, err)
		return err
	})
	endless := newTask(l, func(ctx context.Context) error {
		for {
			_ = engine.Sleep(ctx, 0)
		}
	})
	turn(t, l)
	must(t, l.Close())
	for _, err := range errs {
		wantErr(t, "a wait on a closed loop", err, engine.ErrLoopClosed)
	}
	wantSame(t, "waits", len(errs), 5)
	wantFailed(t, task, engine.ErrLoopClosed)
	wantFailed(t, endless, engine.ErrTaskExited)
}
