package engine_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// waitsFor makes a task of WaitFor that notes the outcome.
func waitsFor(c *chronicle, a engine.Awaitable[int], d time.Duration) *engine.Task[int] {
	return engine.CreateTask(c.l, func(ctx context.Context) (int, error) {
		v, err := engine.WaitFor(ctx, a, d)
		c.note("gets %s", resultText(v, err))
		must(c.t, ctx.Err())
		return v, err
	}, engine.TaskOptions{})
}

func TestWaitFor(t *testing.T) {
	prove(t, "FUT-46", func(t *testing.T) {
		testTimeLimit(t)
		testNoTimeLimit(t)
	})
	prove(t, "FUT-47", testNoTime)
	prove(t, "FUT-48", testSwallowedTimeout)
}

// testTimeLimit: after the time what is awaited is cancelled, and the error
// comes when that has ended.
func testTimeLimit(t *testing.T) {
	c := newChronicle(t)
	inner := c.task(func(ctx context.Context) error {
		err := engine.Sleep(ctx, time.Hour)
		wantCancellation(t, err)
		sleepFor(t, ctx, 0)
		c.note("cleaned up")
		return err
	})
	task := waitsFor(c, inner, time.Second)
	c.turns(1)
	c.clock.Advance(time.Second - 1)
	c.turns(1)
	wantPending(t, inner)
	c.clock.Advance(1)
	c.turns(1)
	wantSame(t, "Cancelling", inner.Cancelling(), 1)
	c.turns(4)
	c.want(t, "5 cleaned up", "6 gets timed out")
	wantCancelled(t, inner)
	wantFailed(t, task, engine.ErrTimeout)
	for _, kind := range []error{context.DeadlineExceeded, os.ErrDeadlineExceeded} {
		wantErr(t, "the error", task.Err(), kind)
	}
	wantSame(t, "is a cancellation", errors.Is(task.Err(), context.Canceled), false)
	wantSame(t, "Cancelling of the waiter", task.Cancelling(), 0)
}

func testNoTimeLimit(t *testing.T) {
	c := newChronicle(t)
	f := futures(c.l, 2)
	waitsFor(c, f[0], engine.NoTimeout)
	waitsFor(c, f[1], time.Second)
	c.turns(1)
	must(t, f[1].SetResult(1))
	c.turns(1)
	c.want(t, "2 gets 1")
	c.clock.Advance(1000 * time.Hour)
	c.turns(3)
	wantPending(t, f[0])
	must(t, f[0].SetResult(2))
	c.turns(1)
	c.want(t, "6 gets 2")
	wantSame(t, "timers", c.l.Stats().Timers, 0)
}

// testNoTime: without time the result of what is done counts, and a task does
// not begin.
func testNoTime(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second} {
		c := newChronicle(t)
		f := futures(c.l, 3)
		must(t, f[0].SetResult(1))
		must(t, f[1].SetError(errFails))
		fresh := c.task(func(context.Context) error { return nil })
		begins := newTask(c.l, func(ctx context.Context) error {
			lazy := c.task(func(context.Context) error { t.Error("the body ran"); return nil })
			_, err := engine.WaitFor(ctx, lazy, d)
			wantErr(t, "WaitFor of a task that has not begun", err, engine.ErrTimeout)
			wantCancelled(t, lazy, engine.ErrTimeout)
			return nil
		})
		waitsFor(c, fresh, d) // done by then
		waitsFor(c, f[0], d)
		waitsFor(c, f[1], d)
		c.turns(1)
		c.want(t, "1 gets 0", "1 gets 1", "1 gets it fails")
		task := waitsFor(c, f[2], d)
		c.turns(4)
		wantCancelled(t, f[2], engine.ErrTimeout)
		wantFailed(t, task, engine.ErrTimeout)
		wantValue(t, begins, 0)
	}
}

// testSwallowedTimeout: the result of what goes on all the same counts, and so
// does its error.
func testSwallowedTimeout(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 0} {
		for _, end := range []error{nil, errFails} {
			c := newChronicle(t)
			inner := engine.CreateTask(c.l, func(ctx context.Context) (int, error) {
				wantCancellation(t, engine.Sleep(ctx, time.Hour), engine.ErrTimeout)
				sleepFor(t, ctx, 0)
				return 5, end
			}, engine.TaskOptions{})
			c.turns(1)
			task := waitsFor(c, inner, d)
			c.turns(1)
			c.clock.Advance(d)
			c.turns(6)
			wantSame(t, "Cancelling", inner.Cancelling(), 1)
			if end == nil {
				wantValue(t, task, 5)
			} else {
				wantFailed(t, task, errFails)
			}
		}
	}
}

func TestShield(t *testing.T) {
	prove(t, "FUT-49", func(t *testing.T) {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		inner := c.awaits("inner", f)
		c.turns(1)
		shield := engine.Shield(inner)
		outer := c.awaits("outer", shield)
		c.turns(1)
		outer.Cancel(errReason)
		c.turns(2)
		c.want(t, "3 outer gets cancelled: the reason")
		wantCancelled(t, outer, errReason)
		wantCancelled(t, shield, errReason)
		wantPending(t, inner)
		wantSame(t, "Cancelling", inner.Cancelling(), 0)
		must(t, f.SetResult(3))
		c.turns(2)
		c.want(t, "5 inner gets 3")
		wantValue(t, inner, 3)
	})
}

// TestShieldPassesOn: without a cancellation the shield ends as what it
// shields, one turn later.
func TestShieldPassesOn(t *testing.T) {
	for how, end := range futureEnds {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		shield := engine.Shield(f)
		shield.AddDoneCallback(func(*engine.Future[int]) { c.note("shield") })
		c.tells("inner", f)
		c.in(1, func() { must(t, end(f)); c.note("ended") })
		c.turns(4)
		inner := map[string]string{"result": "has 1", "error": "has it fails", "cancel": "is cancelled"}[how]
		c.want(t, "1 ended", "2 inner "+inner, "3 shield")
		wantEnded(t, shield, how)
		again := engine.Shield(f)
		wantEnded(t, again, how)
	}
}

// TestShieldUnderTimeout: the time is up for the wait alone.
func TestShieldUnderTimeout(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	task := waitsFor(c, engine.Shield(f), time.Second)
	c.turns(1)
	c.clock.Advance(time.Second)
	c.turns(3)
	wantFailed(t, task, engine.ErrTimeout)
	wantPending(t, f)
}

// TestTimeLimitAndResult: when both come before the task's next step, the limit
// wins if it comes later, as the cancellation does in asyncio.
func TestTimeLimitAndResult(t *testing.T) {
	c := newChronicle(t)
	f := futures(c.l, 2)
	waitsFor(c, f[0], time.Second)
	c.turns(1)
	c.clock.Advance(time.Second)
	c.in(2, func() { must(t, f[0].SetResult(1)) }) // timers run behind it
	c.turns(2)
	c.want(t, "3 gets timed out")
	wantValue(t, f[0], 1)
	waitsFor(c, f[1], time.Second)
	c.turns(1)
	must(t, f[1].SetResult(1))
	c.turns(1)
	c.clock.Advance(time.Second)
	c.turns(2)
	c.want(t, "5 gets 1")
}

// TestTimeLimitAndCancel: a request for cancellation is told before a limit.
func TestTimeLimitAndCancel(t *testing.T) {
	for _, first := range []string{"limit", "request"} {
		c := newChronicle(t)
		inner := c.task(func(ctx context.Context) error {
			err := engine.Sleep(ctx, time.Hour)
			_ = engine.Sleep(ctx, 0)
			_ = engine.Sleep(ctx, 0)
			return err
		})
		task := engine.CreateTask(c.l, func(ctx context.Context) (int, error) {
			return engine.WaitFor(ctx, inner, time.Second)
		}, engine.TaskOptions{})
		c.turns(1)
		if first == "request" {
			task.Cancel(errReason)
		}
		c.clock.Advance(time.Second)
		c.turns(1)
		if first == "limit" {
			task.Cancel(errReason)
		}
		c.turns(4)
		wantSame(t, "Cancelling of the inner one", inner.Cancelling(), 2)
		if !task.Cancelled() {
			t.Errorf("%s first: %v", first, task)
		}
		wantSame(t, "Cancelling", task.Cancelling(), 1)
	}
}

// TestWaitForGather: a limit cancels the parts of a gather.
func TestWaitForGather(t *testing.T) {
	c := newChronicle(t)
	f := futures(c.l, 2)
	runTask(t, c.l, func(ctx context.Context) {
		_, err := engine.WaitFor(ctx, engine.Gather(f[0], f[1]), time.Second)
		wantErr(t, "WaitFor", err, engine.ErrTimeout)
		wantCancelled(t, f[0], engine.ErrTimeout)
		wantCancelled(t, f[1], engine.ErrTimeout)
	})
}
