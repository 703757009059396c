package engine

import (
	"context"
	"errors"
)

// TaskFactory makes tasks of coroutines in place of CreateTask. It returns what
// NewTask returns, or something that embeds it. It runs on the loop.
type TaskFactory func(l *Loop, c Coro, o TaskOptions) AnyTask

// EagerTaskFactory makes every task an eager one: asyncio's eager_task_factory.
func EagerTaskFactory(l *Loop, c Coro, o TaskOptions) AnyTask {
	o.Eager = true
	return NewTask(l, c, o)
}

// SetTaskFactory sets what makes tasks from now on, nil the default:
// set_task_factory. It fails with ErrWrongThread in debug mode. Loop only.
func (l *Loop) SetTaskFactory(f TaskFactory) error {
	if err := l.checkGoroutine(); err != nil {
		return err
	}
	l.factory = f
	return nil
}

// TaskFactory is what SetTaskFactory set, nil for the default:
// get_task_factory. Loop only.
func (l *Loop) TaskFactory() TaskFactory { return l.factory }

// errNoTask is what CreateTask says of a factory that returned nil.
var errNoTask = errors.New("the task factory returned nil")

// manufacture makes a task by way of the factory, and a typed view of it.
func manufacture[T any](l *Loop, fn func(context.Context) (T, error), o TaskOptions) *Task[T] {
	value := new(T)
	made := l.factory(l, func(ctx context.Context) (v any, err error) {
		*value, err = fn(ctx)
		return *value, err
	}, o)
	if made == nil {
		return newTask(l, func(context.Context) (v T, err error) { return v, errNoTask }, o)
	}
	t := &Task[T]{made.untyped()}
	r := t.seldom()
	r.product, r.view = made, value
	return t
}

// manufactureLoose is Go by way of the factory.
func manufactureLoose(l *Loop, fn func(context.Context) error) error {
	t := manufacture(l, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }, TaskOptions{})
	if t.Done() && t.root == nil {
		return t.Err()
	}
	t.AddDoneCallback(func(t *Task[struct{}]) {
		if err := t.Err(); err != nil && !t.Cancelled() {
			l.CallExceptionHandler(ErrorContext{Message: "Exception in task", Err: err, Task: t.Unwrap(), Context: t.base})
		}
	})
	return nil
}
