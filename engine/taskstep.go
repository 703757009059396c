package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/shardloop/shardloop/engine/internal/coro"
)

// stepTask runs a task up to its next wait, or its end. The reactor calls it, or
// the step of another task, for one that starts eagerly.
func stepTask(arg any) {
	t := arg.(*task)
	if t.root == nil && !t.enter() {
		return
	}
	l := t.loop
	before := l.ctx
	l.setContext(t.base)
	if l.debug.Load() {
		t.timedStep()
	} else {
		t.root.Resume()
	}
	l.setContext(before)
}

// timedStep reports a step that took too long.
func (t *task) timedStep() {
	l, start := t.loop, t.loop.Time()
	t.root.Resume()
	if took := l.Time() - start; took >= l.SlowCallbackDuration() {
		l.log.Warn(fmt.Sprintf("Executing %v took %.3f seconds", t, took.Seconds()), "duration", took)
	}
}

// enter gives the task its coroutine. A task that was cancelled before gets none
// and ends.
func (t *task) enter() bool {
	if t.cut != nil && t.cut.must != nil {
		t.end(nil)
		return false
	}
	t.occupy(t.loop.coros.Get((*taskBody)(t)))
	return true
}

// occupy makes c the task's coroutine.
func (t *task) occupy(c *coro.Coro) {
	t.root = c
	t.home.Store(uintptr(c.ID()))
}

// top is the coroutine that may wait: the task's, or the one that was mounted on
// it.
func (t *task) top() *coro.Coro {
	if t.rare != nil && t.rare.top != nil {
		return t.rare.top
	}
	return t.root
}

// mount puts a coroutine of a generator on top, or the task's own back there.
func (t *task) mount(c *coro.Coro) {
	t.seldom().top = c
	t.home.Store(uintptr(c.ID()))
}

// taskBody is a task as the body of its coroutine.
type taskBody task

// Run runs the task's function and makes the task done. When the next callback of
// the turn is the first step of another task, that one has the coroutine at once:
// going by the loop would take two switches more.
func (b *taskBody) Run() {
	t := (*task)(b)
	l, root := t.loop, t.root
	for t != nil {
		t.perform()
		t = l.successor(root)
	}
}

// perform runs the function, whatever ends it.
func (t *task) perform() {
	err := ErrTaskExited
	defer func() {
		if err == ErrTaskExited {
			if v := recover(); v != nil {
				err = panicError(v)
			}
		}
		t.end(err)
	}()
	err = t.job.run((*taskContext)(t))
}

// successor takes the task whose first step comes next in this turn, and gives it
// root, which another task has left: nil when the next is something else, or that
// task's step was not the turn's own.
func (l *Loop) successor(root *coro.Coro) *task {
	if l.eager > 0 || l.debug.Load() {
		return nil
	}
	next, _ := l.r.NextArg().(*task)
	if next == nil || next.root != nil || next.cut != nil {
		return nil
	}
	l.r.SkipNext()
	l.setContext(next.base)
	next.occupy(root)
	return next
}

// end makes the task done with what its coroutine returned. A request that came
// too late to be delivered counts, unless the coroutine failed.
func (t *task) end(err error) {
	kept := t.endContext()
	t.loop.tasks.remove(t)
	if t.unwound {
		t.loop.unwound = append(t.loop.unwound, t.job.any())
	}
	if err == nil && t.cut != nil && t.cut.must != nil {
		err = t.cut.must
	}
	loose, _ := t.job.(*looseTask)
	t.asked = t.unwound || loose != nil
	switch {
	case err == nil:
		_ = t.finish(futureFinished) // a closed loop calls nobody
	case t.isCancellation(err):
		t.endCancelled(asCancellation(err))
	default:
		_ = t.failAs(t.Name(), err)
	}
	if loose != nil {
		loose.ended(kept)
	}
}

// isCancellation reports whether a coroutine that returns err was cancelled: err
// is of a cancellation, or it is that of a context and a request stands.
func (t *task) isCancellation(err error) bool {
	return errors.Is(err, ErrCancelled) || t.Cancelling() > 0 && errors.Is(err, context.Canceled)
}

func asCancellation(err error) error {
	if errors.Is(err, ErrCancelled) {
		return err
	}
	return &cancellation{err}
}

// ended reports the error, which nobody else will ask for, and lets the task be
// used again if nobody kept it or its context.
func (g *looseTask) ended(kept bool) {
	t := &g.state
	l := t.loop
	if t.state == futureFinished && t.err != nil && !t.unwound {
		l.CallExceptionHandler(ErrorContext{Message: "Exception in task", Err: t.err, Task: &g.face, Context: t.base})
		return
	}
	if !kept && !t.seen.Load() && !t.unwound && !l.debug.Load() {
		waits := t.waits + 1 // no end of a context that is on its way is meant for the next
		*g = looseTask{next: l.loose}
		g.state.loop, g.state.waits = l, waits // for a Timeout that nobody cancelled
		l.loose = g
	}
}

// unwind ends a coroutine on top of the task's, after the loop was closed.
func (t *task) unwind(c, below *coro.Coro) {
	t.unwound = true
	t.mount(c)
	c.Stop()
	t.mount(below)
}

// refused is what a wait returns when no step will follow: the loop was closed,
// or has died.
func (t *task) refused() error {
	t.unwound = true
	t.loop.home.refuse()
	return t.loop.r.Refused()
}
