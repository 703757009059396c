package engine

import (
	"context"
	"time"
)

// taskContext is a task as the ctx that its coroutine gets. It is the same
// object: a task costs no second allocation.
//
// The values, and the end, are those of the context that the task was made with.
// An end of its own, for a request for cancellation or the end of the task,
// takes a context of package context, which is made when somebody first asks
// for Done, or when it ends.
//
// Any goroutine may hold it and ask it.
type taskContext task

// ownContext is a context with an end of its own, below another one.
type ownContext struct {
	context.Context
	end   context.CancelCauseFunc
	done  chan struct{} // of a scope; see there
	shut  func()        // closes done, once
	empty bool          // has an end and nothing else
}

func newOwnContext(parent context.Context) *ownContext {
	ctx, end := context.WithCancelCause(parent)
	return &ownContext{Context: ctx, end: end}
}

// endedBy is the context of whatever ended before anybody asked for its context.
func endedBy(cause error) *ownContext {
	o := newOwnContext(context.Background())
	o.end(cause)
	o.empty = true
	return o
}

// value looks a key up, in the parent if there is nothing else.
func (o *ownContext) value(parent context.Context, key any) any {
	if o == nil {
		return parent.Value(key)
	}
	v := o.Value(key)
	if v == nil && o.empty {
		return parent.Value(key)
	}
	return v
}

// context makes the task's own context, once. A task that ends meanwhile either
// finds it, or is found to have ended here.
func (t *task) context() *ownContext {
	if o := t.own.Load(); o != nil {
		return o
	}
	o := newOwnContext(t.base)
	if !t.own.CompareAndSwap(nil, o) {
		o.end(nil)
		return t.own.Load()
	}
	if t.home.Load() == nowhere {
		o.end(ErrTaskEnded)
	}
	return o
}

// ownNow is the task's own context if it has one, which it needs for having ended.
func (t *task) ownNow() *ownContext {
	if t.home.Load() == nowhere {
		return t.context()
	}
	return t.own.Load()
}

// endContext ends the task's context with the task, and reports whether somebody
// had asked for its end.
func (t *task) endContext() (kept bool) {
	t.home.Store(nowhere)
	o := t.own.Load()
	if o != nil {
		o.end(ErrTaskEnded)
	}
	return o != nil
}

// Deadline is that of the context that the task was made with.
func (c *taskContext) Deadline() (time.Time, bool) { return c.base.Deadline() }

// Done is closed at the first request for cancellation and at the task's end.
func (c *taskContext) Done() <-chan struct{} { return (*task)(c).context().Done() }

// Err is nil before Done is closed.
func (c *taskContext) Err() error {
	if o := (*task)(c).ownNow(); o != nil {
		return o.Err()
	}
	return c.base.Err()
}

// Value finds the task, then what the own context and its parents have.
func (c *taskContext) Value(key any) any {
	if key == (taskKey{}) {
		return (*task)(c)
	}
	return (*task)(c).ownNow().value(c.base, key)
}

// String names the task.
func (c *taskContext) String() string { return (*task)(c).String() + ".Context" }

// taskKey is the key of the task in its context and those below.
type taskKey struct{}

// taskOf is the task that ctx names, or nil. Any goroutine.
func taskOf(ctx context.Context) *task {
	switch c := ctx.(type) {
	case *taskContext:
		return (*task)(c)
	case *scope:
		return c.task
	case *genContext:
		return c.gen.driver.Load()
	}
	t, _ := ctx.Value(taskKey{}).(*task)
	return t
}
