package engine

import (
	"cmp"
	"context"
)

// RunUntilComplete runs fn in a task and the loop until the task is done, and
// returns what fn returned: run_until_complete of a coroutine. It fails as
// RunUntilDone does, and fn does not run then. Any goroutine that no loop runs
// on.
func RunUntilComplete[T any](l *Loop, fn func(ctx context.Context) (T, error)) (T, error) {
	var none T
	if err := checkFunc(fn == nil); err != nil {
		return none, err
	}
	if err := l.cannotRun(); err != nil {
		return none, err
	}
	return RunUntilDone(l, CreateTask(l, fn, TaskOptions{}))
}

// RunUntilDone runs the loop until the future or task is done and returns what
// it holds: run_until_complete. One that is done already takes one turn. It
// fails with ErrForeignLoop for one of another loop, with ErrStoppedBeforeDone
// when the loop was stopped before, and as RunForever does.
func RunUntilDone[T any](l *Loop, a Awaitable[T]) (T, error) {
	var none T
	if a == nil {
		return none, badArg("a", "must not be nil")
	}
	if a.Loop() != l {
		return none, ErrForeignLoop
	}
	if err := l.runUntil(a.core()); err != nil {
		return none, err
	}
	return a.Result()
}

// runUntil runs the loop until f is done. A call that is scheduled by the end of
// the run must not stop a later one.
func (l *Loop) runUntil(f *future) error {
	if err := l.cannotRun(); err != nil {
		return err
	}
	over := false
	end := &doneCall{func(any) {
		if !over {
			l.Stop()
		}
	}, nil}
	_ = f.whenDone(end) // cannotRun knows of a closed loop
	f.awaited = true
	err := l.RunForever()
	over = true
	f.forget(end)
	if f.Done() {
		return err
	}
	f.awaited = false
	return cmp.Or(err, ErrStoppedBeforeDone)
}
