package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestTimeoutTurns: a limit that has passed ends the scope in the next turn, one
// that comes cancels what is awaited in the turn of its timer.
func TestTimeoutTurns(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	c.task(func(ctx context.Context) error {
		limited, cancel := engine.Timeout(ctx, 0)
		defer cancel()
		_, err := engine.Await(limited, f)
		c.note("no time: %v", err)
		wantErr(t, "a wait after it", engine.Sleep(limited, 0), engine.ErrTimeout)
		wantErr(t, "Err", limited.Err(), context.DeadlineExceeded)
		<-limited.Done()
		sleepFor(t, ctx, 0) // the task itself goes on
		limited, cancel = engine.Timeout(ctx, time.Second)
		defer cancel()
		g := engine.NewFuture[int](c.l)
		_, err = engine.Await(limited, g)
		c.note("a second: %v", err)
		wantCancelled(t, g, engine.ErrTimeout)
		must(t, ctx.Err())
		return nil
	})
	c.turns(4)
	c.clock.Advance(time.Second)
	c.turns(2)
	c.want(t, "3 no time: timed out", "6 a second: timed out")
	wantCancelled(t, f, engine.ErrTimeout)
}

// TestTimeoutNested: the earlier limit counts, and an outer one ends the waits
// of an inner one too.
func TestTimeoutNested(t *testing.T) {
	l, p := simLoop(t)
	runTask(t, l, func(ctx context.Context) {
		for _, inside := range []time.Duration{time.Second, time.Hour} {
			before := p.Now()
			outer, cancel := engine.Timeout(ctx, time.Minute)
			inner, cancelInner := engine.Timeout(outer, inside)
			wantErr(t, "Sleep", engine.Sleep(inner, 2*time.Hour), engine.ErrTimeout)
			took := time.Duration(p.Now() - before)
			wantSame(t, "the time it took", took.Truncate(time.Second), min(inside, time.Minute))
			if inside < time.Minute {
				sleepFor(t, outer, time.Second) // its time is not up
			} else {
				wantErr(t, "Sleep in the outer scope", engine.Sleep(outer, 0), engine.ErrTimeout)
			}
			wantErr(t, "Sleep in the inner scope", engine.Sleep(inner, 0), engine.ErrTimeout)
			sleepFor(t, ctx, time.Second)
			cancelInner()
			cancel()
			cancel()
		}
	})
	wantSame(t, "timers", l.Stats().Timers, 0)
}

// TestTimeoutCancel ends a scope before its time, on the loop and beside it.
func TestTimeoutCancel(t *testing.T) {
	c := newChronicle(t)
	var cancel context.CancelFunc
	task := c.task(func(ctx context.Context) error {
		var limited context.Context
		limited, cancel = engine.Timeout(ctx, time.Hour)
		err := engine.Sleep(limited, time.Minute)
		c.note("%v", err)
		wantErr(t, "Err", limited.Err(), context.Canceled)
		wantErr(t, "a wait after it", engine.Sleep(limited, 0), context.Canceled)
		sleepFor(t, ctx, 0)
		return err
	})
	c.turns(1)
	c.in(2, func() { cancel() })
	c.turns(3)
	c.want(t, "3 context canceled")
	wantFailed(t, task, context.Canceled)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		limited, cancel := engine.Timeout(ctx, time.Hour)
		go cancel()
		wantErr(t, "Sleep", engine.Sleep(limited, time.Hour), context.Canceled)
	})
}

// TestTimeoutContext: for other goroutines the scope is a context like any.
func TestTimeoutContext(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		limited, cancel := engine.Timeout(context.WithValue(ctx, wordKey{}, "w"), time.Hour)
		defer cancel()
		at, ok := limited.Deadline()
		if left := time.Until(at); !ok || left > time.Hour || left < 0 {
			t.Errorf("Deadline is in %v", left)
		}
		earlier, cancelEarlier := engine.Timeout(limited, 2*time.Hour)
		defer cancelEarlier()
		if d, _ := earlier.Deadline(); !d.Equal(at) {
			t.Error("Deadline is not that of the outer scope")
		}
		wantSame(t, "Value", limited.Value(wordKey{}), "w")
		if engine.CurrentTask(limited) != engine.CurrentTask(ctx) {
			t.Error("CurrentTask is another one")
		}
		short, cancelShort := engine.Timeout(limited, 1)
		defer cancelShort()
		over := make(chan error)
		go func() { <-short.Done(); over <- short.Err() }()
		done := engine.NewFuture[error](l)
		go func() { _ = done.Complete(<-over, nil) }()
		err, _ := engine.Await(ctx, done)
		wantErr(t, "Err elsewhere", err, context.DeadlineExceeded)
	})
	ctx, cancel := engine.Timeout(backgroundCtx, 1)
	defer cancel()
	<-ctx.Done()
	wantErr(t, "the cause outside of a task", context.Cause(ctx), engine.ErrTimeout)
}

// TestStdContexts: waits obey the contexts of package context, below the task's
// ctx and around it.
func TestStdContexts(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		f := engine.NewFuture[int](l)
		cancelled, cancel := context.WithCancelCause(context.WithValue(ctx, wordKey{}, "w"))
		l.CallSoon(func() { cancel(errReason) })
		_, err := engine.Await(cancelled, f)
		wantErr(t, "Await", err, errReason)
		wantCancelled(t, f, errReason)
		wantErr(t, "Sleep", engine.Sleep(cancelled, 0), errReason)
		late, stop := context.WithTimeoutCause(ctx, 1, errFails)
		defer stop()
		wantErr(t, "Sleep", engine.Sleep(late, time.Hour), errFails)
		scope, end := engine.Timeout(late, time.Hour)
		defer end()
		wantErr(t, "Sleep in a scope below", engine.Sleep(scope, 0), errFails)
		must(t, ctx.Err())
	})
}

// TestStdContextAroundScopes: its end reaches the waits of all scopes below.
func TestStdContextAroundScopes(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		below, cancel := context.WithCancelCause(ctx)
		outer, end := engine.Timeout(below, time.Hour)
		defer end()
		inner, end := engine.Timeout(outer, time.Hour)
		defer end()
		l.CallSoon(func() { cancel(errReason) })
		wantErr(t, "Sleep", engine.Sleep(inner, time.Hour), errReason)
	})
}

// TestStdContextLate: the end of a context that comes after the wait ends no
// later one.
func TestStdContextLate(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		f := engine.NewFuture[int](l)
		below, cancel := context.WithCancelCause(ctx)
		l.CallSoon(func() {
			must(t, f.SetResult(1))
			cancel(errReason)
		})
		v, err := engine.Await(below, f)
		wantSame(t, "Await", v, 1)
		must(t, err)
		sleepFor(t, ctx, time.Millisecond)
		wantErr(t, "Sleep", engine.Sleep(below, 0), errReason)
	})
}

// TestStdContextSwallowed: what goes on all the same has its result, also when a
// foreign context ends the wait.
func TestStdContextSwallowed(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		inner := engine.CreateTask(l, func(ctx context.Context) (int, error) {
			wantCancellation(t, engine.Sleep(ctx, time.Hour), errReason)
			return 5, nil
		}, engine.TaskOptions{Eager: true})
		below, cancel := context.WithCancelCause(ctx)
		l.CallSoon(func() { cancel(errReason) })
		v, err := engine.Await(below, inner)
		wantSame(t, "the result", v, 5)
		must(t, err)
		_, err = engine.Await(below, inner)
		must(t, err) // is done
	})
}

// TestBoundedTask: a task ends every wait when the context ends that it was made
// with.
func TestBoundedTask(t *testing.T) {
	l := newLoop(t)
	base, cancel := context.WithCancelCause(word("base"))
	f := engine.NewFuture[int](l)
	var errs []error
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) {
		wantSame(t, "Value", ctx.Value(wordKey{}), "base")
		_, err := engine.Await(ctx, f)
		errs = append(errs, err, engine.Sleep(ctx, 0), engine.Sleep(ctx, time.Hour))
		scope, end := engine.Timeout(ctx, time.Hour)
		defer end()
		_, late := engine.WaitFor(ctx, engine.NewFuture[int](l), time.Hour)
		errs = append(errs, engine.Sleep(scope, time.Hour), late, context.Cause(ctx))
		sleepFor(t, context.WithoutCancel(ctx), 0)
		return 0, err
	}, engine.TaskOptions{Context: base})
	l.CallSoon(func() { cancel(errReason) })
	_, err := engine.RunUntilDone(l, task)
	wantFailed(t, task, errReason)
	for _, err := range append(errs, err) {
		wantErr(t, "a wait", err, errReason)
	}
	wantCancelled(t, f, errReason)
	wantSame(t, "Cancelling", task.Cancelling(), 0)
}

// TestBoundedTaskCancelled: a request goes its own way beside the context.
func TestBoundedTaskCancelled(t *testing.T) {
	c := newChronicle(t)
	base, cancel := context.WithCancel(backgroundCtx)
	defer cancel()
	task := engine.CreateTask(c.l, func(ctx context.Context) (int, error) {
		err := engine.Sleep(ctx, time.Hour)
		sleepFor(t, ctx, 0)
		below, stop := context.WithCancel(ctx)
		defer stop()
		sleepFor(t, below, 0)
		return 0, err
	}, engine.TaskOptions{Context: base})
	c.turns(1)
	task.Cancel(errReason)
	c.turns(3)
	wantCancelled(t, task, errReason)
	if errors.Is(base.Err(), context.Canceled) {
		t.Error("the base has ended")
	}
}

// TestGoexitInScope: a coroutine that exits in a scope leaves no timer.
func TestGoexitInScope(t *testing.T) {
	l, _ := simLoop(t)
	task := newTask(l, func(ctx context.Context) error {
		scope, cancel := engine.Timeout(ctx, time.Hour)
		defer cancel()
		sleepFor(t, scope, 0)
		goexit()
		return nil
	})
	_, err := engine.RunUntilDone(l, task)
	wantErr(t, "the task", err, engine.ErrTaskExited)
	wantSame(t, "timers", l.Stats().Timers, 0)
}
