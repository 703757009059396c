package engine_test

import (
	"context"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// workshop is a task factory that keeps what it is given and makes.
type workshop struct {
	made    []engine.AnyTask
	options []engine.TaskOptions
}

// ownTask is a task of a factory's own type.
type ownTask struct{ *engine.Task[any] }

func (w *workshop) make(l *engine.Loop, c engine.Coro, o engine.TaskOptions) engine.AnyTask {
	t := &ownTask{engine.NewTask(l, c, o)}
	w.made, w.options = append(w.made, t), append(w.options, o)
	return t
}

// factoryLoop is a loop whose tasks a workshop makes.
func factoryLoop(t *testing.T) (*engine.Loop, *workshop) {
	t.Helper()
	l, w := newLoop(t), &workshop{}
	must(t, l.SetTaskFactory(w.make))
	return l, w
}

func TestTaskFactory(t *testing.T) {
	prove(t, "FUT-28", func(t *testing.T) {
		l := newLoop(t)
		if l.TaskFactory() != nil {
			t.Error("a new loop has a task factory")
		}
		w := &workshop{}
		must(t, l.SetTaskFactory(w.make))
		if l.TaskFactory() == nil {
			t.Error("TaskFactory is nil after SetTaskFactory")
		}
		newTask(l, func(context.Context) error { return nil })
		must(t, l.SetTaskFactory(nil))
		if l.TaskFactory() != nil {
			t.Error("TaskFactory is not nil after SetTaskFactory(nil)")
		}
		task := newTask(l, func(context.Context) error { return nil })
		wantSame(t, "tasks of the factory", len(w.made), 1)
		if task.Unwrap() != engine.AnyTask(task) {
			t.Error("Unwrap without a factory is another task")
		}
		turn(t, l)
		wantValue(t, task, 0)
	})
	prove(t, "FUT-29", testFactoryResult)
	prove(t, "FUT-30", testFactoryOfInternals)
}

func testFactoryResult(t *testing.T) {
	l, w := factoryLoop(t)
	given := engine.TaskOptions{Name: "worker", Context: word("given"), Eager: true}
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) {
		if engine.CurrentTask(ctx).Name() != "worker" {
			t.Errorf("the task is %v", engine.CurrentTask(ctx))
		}
		return 4, engine.Sleep(ctx, 0)
	}, given)
	wantSame(t, "the options", w.options, []engine.TaskOptions{given})
	if task.Unwrap() != w.made[0] {
		t.Errorf("Unwrap is %v, want %v", task.Unwrap(), w.made[0])
	}
	wantSame(t, "AllTasks", len(engine.AllTasks(l)), 1)
	got, err := engine.RunUntilDone(l, task)
	wantSame(t, "the result", got, 4)
	must(t, err)
	v, err := w.made[0].(*ownTask).Result()
	wantSame(t, "the untyped result", v, 4)
	must(t, err)
	wantSame(t, "Name", w.made[0].Name(), "worker")
	failed := newTask(l, func(context.Context) error { return errFails })
	turn(t, l)
	wantFailed(t, failed, errFails)
	cancelled := newTask(l, func(context.Context) error { return nil })
	cancelled.Cancel(errReason)
	turn(t, l)
	wantCancelled(t, cancelled, errReason)
	wantCancelled(t, w.made[2], errReason)
}

// testFactoryOfInternals: the tasks that the loop makes for itself are the
// factory's too.
func testFactoryOfInternals(t *testing.T) {
	l, w := factoryLoop(t)
	made := func(what string, fn func()) {
		t.Helper()
		before := len(w.made)
		fn()
		if len(w.made) == before {
			t.Errorf("%s made no task by the factory", what)
		}
	}
	made("RunUntilComplete", func() { runTask(t, l, func(context.Context) {}) })
	made("Go", func() { must(t, engine.Go(l, func(context.Context) error { return nil })); turn(t, l) })
	made("Submit", func() {
		f := engine.Submit(l, func(context.Context) (int, error) { return 1, nil })
		for _, err := f.Result(); err != nil; _, err = f.Result() {
			turn(t, l)
		}
	})
	start(t, l)
	var before, after int
	onLoop(t, l, func() { before = len(w.made) })
	_, err := engine.WaitFor(context.Background(), engine.NewFuture[int](l), 0)
	wantErr(t, "WaitFor on another goroutine", err, engine.ErrTimeout)
	onLoop(t, l, func() { after = len(w.made) })
	wantSame(t, "tasks of WaitFor on another goroutine", after-before, 1)
}

// TestFactoryGo: the errors of tasks that a factory makes for Go are reported.
func TestFactoryGo(t *testing.T) {
	l, w := factoryLoop(t)
	told := reported(l)
	must(t, engine.Go(l, func(context.Context) error { return errFails }))
	must(t, engine.Go(l, func(context.Context) error { return engine.ErrCancelled }))
	turn(t, l)
	turn(t, l)
	wantReports(t, *told, "Exception in task")
	wantErr(t, "the error", (*told)[0].Err, errFails)
	if (*told)[0].Task != engine.AnyAwaitable(w.made[0]) {
		t.Errorf("the task is %v", (*told)[0].Task)
	}
	must(t, l.Close())
	wantErr(t, "Go on a closed loop", engine.Go(l, func(context.Context) error { return nil }), engine.ErrLoopClosed)
}

// TestFactoryReturnsNil: then the task fails, and the coroutine does not run.
func TestFactoryReturnsNil(t *testing.T) {
	l, _ := simLoop(t)
	must(t, l.SetTaskFactory(func(*engine.Loop, engine.Coro, engine.TaskOptions) engine.AnyTask { return nil }))
	task := newTask(l, func(context.Context) error { t.Error("the coroutine ran"); return nil })
	turn(t, l)
	if err := task.Err(); err == nil || task.Cancelled() {
		t.Errorf("the task of no factory has %v", err)
	}
}

func TestEagerTasks(t *testing.T) {
	prove(t, "FUT-31", func(t *testing.T) {
		testEager(t, func(l *engine.Loop, fn func(context.Context) (int, error)) *engine.Task[int] {
			return engine.CreateTask(l, fn, engine.TaskOptions{Eager: true})
		})
		testEager(t, func(l *engine.Loop, fn func(context.Context) (int, error)) *engine.Task[int] {
			must(t, l.SetTaskFactory(engine.EagerTaskFactory))
			return engine.CreateTask(l, fn, engine.TaskOptions{})
		})
	})
}

func testEager(t *testing.T, create func(*engine.Loop, func(context.Context) (int, error)) *engine.Task[int]) {
	c := newChronicle(t)
	body := func(sleeps int) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			c.note("body %v %v", ctx.Value(wordKey{}), wordOf(c.l))
			for range sleeps {
				sleepFor(t, ctx, 0)
				c.note("slept")
			}
			return sleeps, nil
		}
	}
	lazy := create(c.l, body(0)) // the loop does not run
	wantPending(t, lazy)
	c.l.CallSoonContext(word("maker"), func() {
		done := create(c.l, body(0))
		wantValue(t, done, 0)
		c.note("made, %v", wordOf(c.l))
		c.tells("done", done)
		wantPending(t, create(c.l, body(1)))
		wantSame(t, "AllTasks", len(engine.AllTasks(c.l)), 1)
		c.note("made")
	})
	c.turns(3)
	c.want(t, "1 body <nil> <nil>", "1 body maker maker", "1 made, maker", "1 body maker maker", "1 made",
		"2 done has 0", "2 slept")
}

// TestEagerInTask: a task that begins inside of another one is its own, and the
// other one goes on where it was.
func TestEagerInTask(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	c.task(func(outer context.Context) error {
		inner := engine.CreateTask(c.l, func(ctx context.Context) (int, error) {
			if engine.CurrentTask(ctx) == engine.CurrentTask(outer) {
				t.Error("both are the same task")
			}
			_, err := engine.Await(outer, f)
			wantErr(t, "Await by the ctx of the other task", err, engine.ErrNotInTask)
			c.note("inner")
			v, _ := engine.Await(ctx, f)
			c.note("inner gets %d", v)
			panic(errFails)
		}, engine.TaskOptions{Eager: true})
		c.note("outer")
		sleepFor(t, outer, 0)
		_, err := engine.Await(outer, inner)
		c.note("outer gets %v", err)
		return nil
	})
	c.turns(2)
	must(t, f.SetResult(6))
	c.turns(2)
	c.want(t, "1 inner", "1 outer", "3 inner gets 6", "4 outer gets panic: it fails")
}
