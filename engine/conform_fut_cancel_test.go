package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

func TestCancelTask(t *testing.T) {
	prove(t, "FUT-34", func(t *testing.T) {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		task := c.awaits("task", f)
		c.tells("task", task)
		c.turns(1)
		wantSame(t, "Cancelling before", task.Cancelling(), 0)
		for n := 1; n < 4; n++ {
			wantSame(t, "Cancel", task.Cancel(errReason), true)
			wantSame(t, "Cancelling", task.Cancelling(), n)
			wantSame(t, "Cancelled", task.Cancelled(), false)
			wantPending(t, task)
		}
		c.turns(2)
		c.want(t, "2 task gets cancelled: the reason", "3 task is cancelled")
		wantCancelled(t, task, errReason)
		wantSame(t, "Cancelling after", task.Cancelling(), 3)
	})
	prove(t, "FUT-35", testCancelChain)
	prove(t, "FUT-36", testCancelBeforeStart)
}

// testCancelChain: what is awaited is cancelled at once, and each that awaits
// sees it one turn after the one below.
func testCancelChain(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	inner := c.awaits("inner", f)
	outer := c.awaits("outer", inner)
	c.tells("outer", outer)
	c.turns(2)
	c.in(3, func() {
		outer.Cancel(errReason)
		c.note("cancel")
		wantCancelled(t, f, errReason)
		wantSame(t, "Cancelling of the inner one", inner.Cancelling(), 1)
		wantPending(t, inner)
	})
	c.turns(4)
	c.want(t, "3 cancel", "4 inner gets cancelled: the reason", "5 outer gets cancelled: the reason", "6 outer is cancelled")
	wantCancelled(t, inner, errReason)
	wantCancelled(t, outer, errReason)
}

func testCancelBeforeStart(t *testing.T) {
	c := newChronicle(t)
	task := c.task(func(context.Context) error { t.Error("the body ran"); return nil })
	c.tells("task", task)
	waits := c.awaits("other", task)
	wantSame(t, "Cancel", task.Cancel(errReason), true)
	wantPending(t, task)
	c.turns(3)
	c.want(t, "1 other gets cancelled: the reason", "2 task is cancelled") // done by then
	wantCancelled(t, task, errReason)
	wantCancelled(t, waits, errReason)
	wantSame(t, "AllTasks", len(engine.AllTasks(c.l)), 0)
}

func TestCancelSwallowed(t *testing.T) {
	prove(t, "FUT-37", func(t *testing.T) {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		task := c.task(func(ctx context.Context) error {
			_, err := engine.Await(ctx, f)
			wantCancellation(t, err, errReason)
			wantErr(t, "the ctx", ctx.Err(), context.Canceled)
			wantCancellation(t, context.Cause(ctx), errReason)
			sleepFor(t, ctx, 0) // the request was delivered, once
			sleepFor(t, ctx, time.Second)
			c.note("goes on")
			return nil
		})
		c.tells("task", task)
		c.turns(1)
		task.Cancel(errReason)
		c.turns(2)
		c.clock.Advance(time.Second)
		c.turns(3)
		c.want(t, "5 goes on", "6 task has 0")
		wantValue(t, task, 0)
		wantSame(t, "Cancelling", task.Cancelling(), 1)
	})
	prove(t, "FUT-38", func(t *testing.T) {
		l, _ := simLoop(t)
		ends := []*engine.Task[int]{
			newTask(l, func(context.Context) error { return nil }),
			newTask(l, func(context.Context) error { return errFails }),
			newTask(l, func(context.Context) error { return engine.ErrCancelled }),
		}
		turn(t, l)
		for _, task := range ends {
			before := outcomeOf(task)
			wantSame(t, "Cancel", task.Cancel(errReason), false)
			wantSame(t, "Cancelling", task.Cancelling(), 0)
			wantSame(t, "the outcome", outcomeOf(task), before)
		}
	})
	prove(t, "FUT-39", testUncancel)
}

func testUncancel(t *testing.T) {
	c := newChronicle(t)
	var task *engine.Task[int]
	task = newTask(c.l, func(ctx context.Context) error {
		wantSame(t, "Uncancel of none", task.Uncancel(), 0)
		task.Cancel(errReason)
		task.Cancel(errReason)
		wantSame(t, "Uncancel of two", task.Uncancel(), 1)
		wantCancellation(t, engine.Sleep(ctx, 0), errReason) // one stands
		task.Cancel(errReason)
		wantSame(t, "Uncancel of two", task.Uncancel(), 1)
		wantSame(t, "Uncancel of one", task.Uncancel(), 0)
		wantSame(t, "Uncancel of none", task.Uncancel(), 0)
		sleepFor(t, ctx, 0) // withdrawn
		wantErr(t, "the ctx", ctx.Err(), context.Canceled)
		c.note("goes on")
		return nil
	})
	c.turns(3)
	c.want(t, "3 goes on")
	wantValue(t, task, 0)
	fresh := c.task(func(ctx context.Context) error { c.note("begins"); sleepFor(t, ctx, 0); return nil })
	fresh.Cancel(nil)
	fresh.Uncancel()
	c.turns(2)
	c.want(t, "4 begins")
	wantValue(t, fresh, 0)
}

// TestCancelSent: a request that went to what the task waits for cannot be
// withdrawn, and does not come twice.
func TestCancelSent(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	task := c.task(func(ctx context.Context) error {
		_, err := engine.Await(ctx, f)
		wantCancellation(t, err, errReason)
		sleepFor(t, ctx, 0)
		return err
	})
	c.turns(1)
	task.Cancel(errReason)
	wantSame(t, "Uncancel", task.Uncancel(), 0)
	c.turns(2)
	wantCancelled(t, task, errReason)
	wantSame(t, "Cancelling", task.Cancelling(), 0)
}

// TestSelfCancel: a task's own request comes with the next wait, and not by what
// is done already.
func TestSelfCancel(t *testing.T) {
	c := newChronicle(t)
	f, done := engine.NewFuture[int](c.l), engine.NewFuture[int](c.l)
	must(t, done.SetResult(7))
	task := c.task(func(ctx context.Context) error {
		cancel := func() { engine.CurrentTask(ctx).Cancel(errReason) }
		cancel()
		v, err := engine.Await(ctx, done)
		c.note("done: %s", resultText(v, err))
		v, err = engine.Await(ctx, f)
		c.note("f: %s", resultText(v, err))
		wantCancelled(t, f, errReason)
		cancel()
		c.note("Sleep: %v", engine.Sleep(ctx, time.Hour))
		cancel()
		c.note("Sleep(0): %v", engine.Sleep(ctx, 0))
		cancel()
		_, err = engine.Await(ctx, engine.Gather(engine.NewFuture[int](c.l)))
		c.note("Gather: %v", err)
		sleepFor(t, ctx, 0)
		return nil
	})
	c.turns(8)
	c.want(t, "1 done: 7", "2 f: cancelled: the reason", "3 Sleep: cancelled: the reason",
		"4 Sleep(0): cancelled: the reason", "6 Gather: cancelled: the reason")
	wantValue(t, task, 0)
}

// TestCancelLate: a request that no wait can deliver decides about a result, not
// about an error.
func TestCancelLate(t *testing.T) {
	c := newChronicle(t)
	late := func(err error) *engine.Task[int] {
		return c.task(func(ctx context.Context) error { engine.CurrentTask(ctx).Cancel(errReason); return err })
	}
	returns, fails, cancels, std := late(nil), late(errFails), late(engine.ErrCancelled), late(context.Canceled)
	c.tells("returns", returns)
	c.turns(2)
	c.want(t, "2 returns is cancelled")
	wantCancelled(t, returns, errReason)
	wantFailed(t, fails, errFails)
	wantCancelled(t, cancels)
	wantCancelled(t, std)
	for _, task := range []*engine.Task[int]{returns, fails, cancels, std} {
		wantSame(t, "Cancelling", task.Cancelling(), 1)
	}
}

// TestCancelOfDoneWait: a request that comes when what the task waits for is
// done already goes before its result and its error.
func TestCancelOfDoneWait(t *testing.T) {
	for how, end := range futureEnds {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		task := c.task(func(ctx context.Context) error {
			_, err := engine.Await(ctx, f)
			c.note("%t", err != nil)
			wantCancellation(t, err, errReason)
			sleepFor(t, ctx, 0)
			return nil
		})
		c.turns(1)
		must(t, end(f))
		wantSame(t, "Cancel after "+how, task.Cancel(errReason), true)
		c.turns(2)
		c.want(t, "2 true")
		wantEnded(t, f, how)
		wantValue(t, task, 0)
	}
	c := newChronicle(t)
	task := c.task(func(ctx context.Context) error { return engine.Sleep(ctx, time.Second) })
	c.turns(1)
	c.clock.Advance(time.Second)
	c.turns(1)
	task.Cancel(errReason) // after the timer, before the step
	c.turns(1)
	wantCancelled(t, task, errReason)
}

// TestCancelTwice: each request is delivered, when there are waits for it.
func TestCancelTwice(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	task := c.task(func(ctx context.Context) error {
		_, err := engine.Await(ctx, f)
		c.note("first: %v", err)
		c.note("second: %v", engine.Sleep(ctx, time.Second))
		sleepFor(t, ctx, 0)
		return nil
	})
	c.turns(1)
	task.Cancel(nil)
	c.turns(1)
	task.Cancel(errReason)
	c.turns(2)
	c.want(t, "2 first: cancelled", "3 second: cancelled: the reason")
	wantValue(t, task, 0)
}

// TestCancelContext: the ctx of a task, and those below, end with the first
// request, and name it as the cause.
func TestCancelContext(t *testing.T) {
	c := newChronicle(t)
	var inside, below, unasked context.Context
	task := c.task(func(ctx context.Context) error {
		inside = ctx
		var cancel context.CancelFunc
		below, cancel = context.WithCancel(context.WithValue(ctx, wordKey{}, "below"))
		defer cancel()
		must(t, below.Err())
		err := engine.Sleep(below, time.Hour)
		wantCancellation(t, err, errReason)
		sleepFor(t, below, 0) // its end is that of the request, which was delivered
		return err
	})
	ended := c.task(func(ctx context.Context) error { unasked = ctx; return nil })
	c.turns(1)
	wantValue(t, ended, 0)
	wantErr(t, "Err after the end", unasked.Err(), context.Canceled)
	<-unasked.Done()
	must(t, inside.Err())
	task.Cancel(errReason)
	for _, ctx := range []context.Context{inside, below} {
		<-ctx.Done()
		wantErr(t, "Err", ctx.Err(), context.Canceled)
		wantCancellation(t, context.Cause(ctx), errReason)
	}
	wantSame(t, "a value", below.Value(wordKey{}), "below")
	c.turns(2)
	wantCancelled(t, task, errReason)
}
