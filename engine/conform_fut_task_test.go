package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestCreateTask(t *testing.T) {
	prove(t, "FUT-23", func(t *testing.T) {
		c := newChronicle(t)
		c.in(1, func() {
			task := c.task(func(context.Context) error { c.note("body"); return nil })
			c.tells("task", task)
			wantPending(t, task)
			c.note("creator")
		})
		c.in(1, func() { c.note("behind") })
		c.turns(4)
		c.want(t, "1 creator", "1 behind", "2 body", "3 task has 0")
	})
	prove(t, "FUT-24", testTaskName)
	prove(t, "FUT-25", testTaskContext)
}

func testTaskName(t *testing.T) {
	l, other := newLoop(t), newLoop(t)
	number := func(l *engine.Loop) (n int) {
		t.Helper()
		task := newTask(l, func(context.Context) error { return nil })
		if _, err := fmt.Sscanf(task.Name(), "Task-%d", &n); err != nil {
			t.Errorf("the default name is %q", task.Name())
		}
		return n
	}
	if a, b, c := number(l), number(other), number(l); a >= c || a == b || b == c {
		t.Errorf("tasks of two loops have the numbers %d, %d and %d", a, b, c)
	}
	task := engine.CreateTask(l, func(ctx context.Context) (string, error) {
		return engine.CurrentTask(ctx).Name(), nil
	}, engine.TaskOptions{Name: "worker"})
	wantSame(t, "Name", task.Name(), "worker")
	task.SetName("renamed")
	wantSame(t, "Name after SetName", task.Name(), "renamed")
	wantSame(t, "String", task.String(), `<Task pending name="renamed">`)
	got, err := engine.RunUntilDone(l, task)
	wantSame(t, "Name in the task", got, "renamed")
	must(t, err)
	turn(t, other)
}

// testTaskContext: the context of a task is that of its maker, or the one that
// is given, for the coroutine and for what it schedules.
func testTaskContext(t *testing.T) {
	c := newChronicle(t)
	body := func(ctx context.Context) (int, error) {
		for range 2 {
			c.note("%v %v", ctx.Value(wordKey{}), wordOf(c.l))
			c.l.CallSoon(func() { c.note("%v in a callback", wordOf(c.l)) })
			sleepFor(t, ctx, 0)
		}
		return 0, nil
	}
	c.l.CallSoonContext(word("maker"), func() {
		task := engine.CreateTask(c.l, body, engine.TaskOptions{})
		wantSame(t, "Context", task.Context().Value(wordKey{}), "maker")
	})
	c.turns(4)
	c.want(t, "2 maker maker", "3 maker in a callback", "3 maker maker", "4 maker in a callback")
	given := word("given")
	task := engine.CreateTask(c.l, body, engine.TaskOptions{Context: given})
	wantSame(t, "Context", task.Context(), given)
	c.l.CallSoon(func() { c.note("%v between", wordOf(c.l)) })
	c.turns(3)
	c.want(t, "5 given given", "5 <nil> between", "6 given in a callback", "6 given given", "7 given in a callback")
}

func TestTaskEnds(t *testing.T) {
	prove(t, "FUT-33", testTaskOutcomes)
	prove(t, "FUT-32", func(t *testing.T) {
		l, _ := simLoop(t)
		var task any = newTask(l, func(context.Context) error { return nil })
		if _, ok := task.(interface{ SetResult(int) error }); ok {
			t.Error("a task has SetResult")
		}
		if _, ok := task.(interface{ SetError(error) error }); ok {
			t.Error("a task has SetError")
		}
		if _, ok := task.(interface{ Complete(int, error) error }); ok {
			t.Error("a task has Complete")
		}
		turn(t, l)
	})
	prove(t, "FUT-40", testUnstoppable)
}

func testTaskOutcomes(t *testing.T) {
	c := newChronicle(t)
	returning := func(v int, err error) *engine.Task[int] {
		task := engine.CreateTask(c.l, func(ctx context.Context) (int, error) {
			sleepFor(t, ctx, 0)
			return v, err
		}, engine.TaskOptions{})
		c.tells("task", task)
		c.turns(2)
		return task
	}
	wantValue(t, returning(3, nil), 3)
	wantFailed(t, returning(0, errFails), errFails)
	wantFailed(t, returning(0, context.Canceled), context.Canceled) // of a context that is none of the task's
	wantFailed(t, returning(0, engine.ErrTimeout), engine.ErrTimeout)
	wantCancelled(t, returning(0, engine.ErrCancelled))
	wantCancelled(t, returning(0, fmt.Errorf("so: %w", engine.ErrCancelled)))
	c.turns(1)
	c.want(t, "3 task has 3", "5 task has it fails", "7 task has context canceled", "9 task has timed out",
		"11 task is cancelled", "13 task is cancelled")
	f := engine.NewFuture[int](c.l)
	f.Cancel(errReason)
	wantCancelled(t, c.awaitsNow(f), errReason)
}

// awaitsNow is awaits, and the turn that it takes.
func (c *chronicle) awaitsNow(a engine.Awaitable[int]) *engine.Task[int] {
	task := newTask(c.l, func(ctx context.Context) error { _, err := engine.Await(ctx, a); return err })
	c.turns(1)
	return task
}

// testUnstoppable: what is no ordinary error is kept in the task all the same,
// and does not end the loop.
func testUnstoppable(t *testing.T) {
	c := newChronicle(t)
	panics := c.task(func(ctx context.Context) error { sleepFor(t, ctx, 0); panic(errFails) })
	exits := c.task(func(ctx context.Context) error { sleepFor(t, ctx, 0); goexit(); return nil })
	null := c.task(func(context.Context) error { panic(nil) })
	waits := c.awaits("other", panics)
	c.turns(3)
	c.want(t, "3 other gets panic: it fails")
	wantFailed(t, panics, errFails)
	var p *engine.PanicError
	if !errors.As(panics.Err(), &p) || !strings.Contains(string(p.Stack), "testUnstoppable") {
		t.Errorf("the error of a panic is %v", panics.Err())
	}
	wantFailed(t, exits, engine.ErrTaskExited)
	if err := null.Err(); !errors.As(err, &p) {
		t.Errorf("the error of panic(nil) is %v", err)
	}
	wantFailed(t, waits, errFails)
}

func TestTaskRefused(t *testing.T) {
	prove(t, "FUT-27", func(t *testing.T) {
		l, _ := simLoop(t)
		must(t, l.Close())
		body := func(context.Context) (int, error) { t.Error("the body ran"); return 0, nil }
		for _, o := range []engine.TaskOptions{{}, {Eager: true}, {Context: word("given")}} {
			task := engine.CreateTask(l, body, o)
			wantFailed(t, task, engine.ErrLoopClosed)
			wantSame(t, "Cancel", task.Cancel(nil), false)
		}
		wantErr(t, "Go", engine.Go(l, func(context.Context) error { t.Error("the body ran"); return nil }), engine.ErrLoopClosed)
		wantSame(t, "AllTasks", len(engine.AllTasks(l)), 0)
	})
	prove(t, "FUT-50", func(t *testing.T) {
		c := newChronicle(t)
		var self, fine *engine.Task[int]
		self = newTask(c.l, func(ctx context.Context) error {
			_, err := engine.Await(ctx, self)
			c.note("%v", err)
			sleepFor(t, ctx, 0)
			return err
		})
		fine = c.awaits("other", self)
		c.turns(5)
		c.want(t, "2 a task cannot await itself", "4 other gets a task cannot await itself")
		wantFailed(t, self, engine.ErrAwaitSelf)
		wantFailed(t, fine, engine.ErrAwaitSelf)
	})
	prove(t, "FUT-19", testForeignFuture)
}

func testForeignFuture(t *testing.T) {
	c := newChronicle(t)
	other, _ := simLoop(t)
	done, pending := engine.NewFuture[int](other), engine.NewFuture[int](other)
	must(t, done.SetResult(1))
	foreign := newTask(other, func(context.Context) error { return nil })
	for _, a := range []engine.Awaitable[int]{done, pending, foreign} {
		c.awaits("task", a)
	}
	c.turns(2)
	const told = "2 task gets the future belongs to a different loop"
	c.want(t, told, told, told)
	wantPending(t, pending)
	turn(t, other)
	own := engine.NewFuture[int](c.l)
	for _, f := range []*engine.Future[[]int]{
		engine.Gather[int](own, pending), engine.Gather[int, engine.Awaitable[int]](foreign, own),
	} {
		wantErr(t, "Gather of two loops", f.Err(), engine.ErrForeignLoop)
	}
	wantErr(t, "GatherAny of two loops", engine.GatherAny(own, pending).Err(), engine.ErrForeignLoop)
	_, err := engine.RunUntilDone(c.l, pending)
	wantErr(t, "RunUntilDone", err, engine.ErrForeignLoop)
}

// TestNilCoroutine: a missing coroutine is refused, and what it is refused with
// is a task.
func TestNilCoroutine(t *testing.T) {
	l, _ := simLoop(t)
	task := engine.CreateTask[int](l, nil, engine.TaskOptions{Name: "none"})
	wantFailed(t, task, engine.ErrInvalidArgument)
	wantSame(t, "Name", task.Name(), "none")
	wantErr(t, "Go(nil)", engine.Go(l, nil), engine.ErrInvalidArgument)
	_, err := engine.Submit[int](l, nil).Result()
	wantErr(t, "Submit(nil)", err, engine.ErrInvalidArgument)
	wantSame(t, "AllTasks", len(engine.AllTasks(l)), 0)
	must(t, l.SetTaskFactory(engine.EagerTaskFactory))
	wantFailed(t, engine.CreateTask[int](l, nil, engine.TaskOptions{}), engine.ErrInvalidArgument)
}
