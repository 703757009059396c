package engine

import (
	"cmp"
	"context"
)

// streamWait is the one task that may wait for a stream's bytes. It is a future
// that is used again and again.
//
//	nobody ---- wait ----> waiting ---- wake, Cancel ----> over ---- step ----> nobody
type streamWait struct {
	task *task // nil for nobody
	err  error // of a cancellation
	over bool  // the task's step is scheduled
}

// wait suspends the task until wake.
func (w *streamWait) wait(ctx context.Context, t *task) error {
	unbind, err := t.bind(ctx)
	if err != nil {
		return err
	}
	w.task = t
	err = t.wait(unbind, w)
	err = cmp.Or(err, w.err)
	*w = streamWait{}
	return err
}

// wake schedules the task, if there is one.
func (w *streamWait) wake() {
	if w.task != nil && !w.over {
		w.over = true
		_ = w.task.loop.r.Soon(stepTask, w.task) // a closed loop ends the wait
	}
}

// Cancel ends the wait.
func (w *streamWait) Cancel(cause error) bool {
	if w.over {
		return false
	}
	w.err = cancellationOf(cause)
	w.wake()
	return true
}

// Cancelled reports whether the wait was ended.
func (w *streamWait) Cancelled() bool { return w.err != nil }
