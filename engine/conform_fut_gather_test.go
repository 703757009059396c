package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// futures makes n futures.
func futures(l *engine.Loop, n int) (fs []*engine.Future[int]) {
	for range n {
		fs = append(fs, engine.NewFuture[int](l))
	}
	return fs
}

// gathers makes a task that awaits f and notes what it gets.
func gathers[T any](c *chronicle, f *engine.Future[T]) *engine.Task[T] {
	f.AddDoneCallback(func(*engine.Future[T]) { c.note("gathered") })
	return engine.CreateTask(c.l, func(ctx context.Context) (T, error) {
		v, err := engine.Await(ctx, f)
		c.note("%v %v", v, err)
		return v, err
	}, engine.TaskOptions{})
}

func TestGather(t *testing.T) {
	prove(t, "FUT-42", func(t *testing.T) {
		c := newChronicle(t)
		f := futures(c.l, 3)
		gathers(c, engine.Gather(f[2], f[0], f[1], f[0]))
		c.turns(1)
		for i, f := range f {
			must(t, f.SetResult(i))
			c.turns(1)
		}
		c.turns(2)
		c.want(t, "5 gathered", "5 [2 0 1 0] <nil>")
		testGatherNone(t)
	})
	prove(t, "FUT-43", testGatherFails)
	prove(t, "FUT-44", testGatherResults)
}

func testGatherNone(t *testing.T) {
	c := newChronicle(t)
	c.in(1, func() {
		for what, f := range map[string]*engine.Future[[]int]{
			"none": engine.Gather[int, *engine.Future[int]](), "nil": engine.Gather([]*engine.Task[int](nil)...),
		} {
			v, err := f.Result()
			if !f.Done() || f.Loop() != c.l || v == nil || len(v) != 0 || err != nil {
				t.Errorf("Gather of %s has %v, %v", what, v, err)
			}
		}
		mixed, err := engine.GatherAny().Result()
		wantSame(t, "GatherAny of none", mixed, []any{})
		must(t, err)
	})
	c.turns(1)
}

func testGatherFails(t *testing.T) {
	c := newChronicle(t)
	f := futures(c.l, 2)
	slow := c.awaits("slow", f[0])
	bad := c.awaits("bad", f[1])
	task := gathers(c, engine.Gather(slow, bad))
	c.turns(1)
	must(t, f[1].SetError(errFails))
	c.turns(3)
	c.want(t, "2 bad gets it fails", "4 gathered", "4 [] it fails")
	wantErr(t, "the task", task.Err(), errFails)
	wantPending(t, slow)
	wantSame(t, "Cancelling", slow.Cancelling(), 0)
	must(t, f[0].SetResult(1))
	c.turns(1)
	c.want(t, "5 slow gets 1")
	wantValue(t, slow, 1)
}

func testGatherResults(t *testing.T) {
	c := newChronicle(t)
	f := futures(c.l, 3)
	task := gathers(c, engine.GatherResults(f[0], f[1], f[2], f[1]))
	c.turns(1)
	must(t, f[1].SetError(errFails))
	f[2].Cancel(errReason)
	c.turns(3)
	c.want(t)
	must(t, f[0].SetResult(1))
	c.turns(2)
	c.want(t, "6 gathered", "6 [{1 <nil>} {0 it fails} {0 cancelled: the reason} {0 it fails}] <nil>")
	outcomes, err := task.Result()
	must(t, err)
	wantCancellation(t, outcomes[2].Err, errReason)
}

func TestGatherCancelled(t *testing.T) {
	prove(t, "FUT-45", func(t *testing.T) {
		testCancelGather(t)
		testCancelledPart(t)
	})
}

// testCancelGather: the request goes to all that are not done, and the future
// ends when they have, as one that failed.
func testCancelGather(t *testing.T) {
	for _, all := range []bool{false, true} {
		c := newChronicle(t)
		f := futures(c.l, 3)
		must(t, f[0].SetResult(1))
		lazy := newTask(c.l, func(ctx context.Context) error {
			_, err := engine.Await(ctx, f[2])
			sleepFor(t, ctx, 0)
			sleepFor(t, ctx, 0)
			return err
		})
		parts := []engine.Awaitable[int]{f[0], f[1], lazy}
		if all {
			g := engine.GatherResults(parts...)
			gathers(c, g)
			c.turns(1)
			wantSame(t, "Cancel", g.Cancel(errReason), true)
			wantPendingGather(t, g)
			c.turns(5)
			c.want(t, "6 gathered", "6 [] cancelled: the reason")
			wantSame(t, "Cancelled", g.Cancelled(), false)
			continue
		}
		g := engine.Gather(parts...)
		gathers(c, g)
		c.turns(1)
		wantSame(t, "Cancel", g.Cancel(errReason), true)
		wantPendingGather(t, g)
		wantCancelled(t, f[1], errReason)
		wantSame(t, "Cancelling", lazy.Cancelling(), 1)
		c.turns(4)
		c.want(t, "3 gathered", "3 [] cancelled: the reason")
		wantSame(t, "Cancelled", g.Cancelled(), false)
		wantCancellation(t, g.Err(), errReason)
		wantCancelled(t, lazy, errReason)
		wantValue(t, f[0], 1)
	}
}

func wantPendingGather(t *testing.T, f engine.AnyAwaitable) {
	t.Helper()
	if f.Done() || f.Cancelled() {
		t.Errorf("%v is done", f)
	}
}

// testCancelledPart: a part that is cancelled alone fails the whole.
func testCancelledPart(t *testing.T) {
	c := newChronicle(t)
	f := futures(c.l, 2)
	g := engine.Gather(f[0], f[1])
	task := gathers(c, g)
	c.turns(1)
	f[1].Cancel(errReason)
	c.turns(2)
	c.want(t, "3 gathered", "3 [] cancelled: the reason")
	wantSame(t, "Cancelled of the gather", g.Cancelled(), false)
	wantCancellation(t, g.Err(), errReason)
	wantCancelled(t, task, errReason)
	wantPending(t, f[0])
}

// TestGatherSwallowed: a gather that was cancelled fails also when no part ends
// as cancelled.
func TestGatherSwallowed(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	part := c.task(func(ctx context.Context) error { _, _ = engine.Await(ctx, f); return nil })
	task := gathers(c, engine.Gather(part))
	c.turns(1)
	task.Cancel(errReason)
	c.turns(3)
	c.want(t, "4 gathered", "4 [] cancelled")
	wantValue(t, part, 0)
	wantCancelled(t, task)
}

// TestGatherDuplicates: one that is given twice is asked twice, as in asyncio,
// and counts once.
func TestGatherDuplicates(t *testing.T) {
	c := newChronicle(t)
	part := c.task(func(ctx context.Context) error { return engine.Sleep(ctx, time.Hour) })
	g := engine.Gather(part, part)
	c.turns(1)
	g.Cancel(errReason)
	wantSame(t, "Cancelling", part.Cancelling(), 2)
	c.turns(2)
	wantCancellation(t, g.Err(), errReason)
}

// TestGatherDone: what is done counts at once, and when all is, so is the whole.
func TestGatherDone(t *testing.T) {
	c := newChronicle(t)
	f := futures(c.l, 3)
	must(t, f[0].SetResult(1))
	must(t, f[1].SetResult(2))
	must(t, f[2].SetError(errFails))
	v, err := engine.Gather(f[0], f[1]).Result()
	wantSame(t, "Gather of what is done", v, []int{1, 2})
	must(t, err)
	pending := engine.NewFuture[int](c.l)
	wantErr(t, "Gather of what has failed", engine.Gather(pending, f[2]).Err(), errFails)
	wantPendingGather(t, engine.GatherResults(pending, f[2]))
	g := engine.Gather(pending, f[0])
	wantPendingGather(t, g)
	pending.Cancel(nil)
	wantSame(t, "Cancel when all is done", g.Cancel(nil), false)
	c.turns(1)
	wantSame(t, "Cancel of what is done", g.Cancel(nil), false)
	wantCancellation(t, g.Err())
}

// TestGatherAny has parts of different types.
func TestGatherAny(t *testing.T) {
	l, _ := simLoop(t)
	f := engine.NewFuture[string](l)
	must(t, f.SetResult("text"))
	runTask(t, l, func(ctx context.Context) {
		task := newTask(l, func(context.Context) error { return nil })
		v, err := engine.Await(ctx, engine.GatherAny(f, task, engine.Gather(f)))
		wantSame(t, "GatherAny", v, []any{"text", 0, []string{"text"}})
		must(t, err)
		g := engine.GatherAny(f, newTask(l, func(context.Context) error { return errFails }))
		_, err = engine.Await(ctx, g)
		wantErr(t, "GatherAny of one that fails", err, errFails)
	})
}
