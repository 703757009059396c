package engine

import "errors"

// Cancel requests the end of the task: cancel. It reports false for a task that
// is done, and counts the request otherwise. The wait that the task is in, or
// the next one, returns ErrCancelled, which wraps the cause, once for each
// request; what the task waits for is cancelled as well, and its end awaited.
// The task's ctx is Done from now on. A task that has not begun never does. The
// coroutine may go on all the same; only if it returns the error is the task
// cancelled. Loop only.
func (t *task) Cancel(cause error) bool {
	if t.Done() {
		return false
	}
	t.requests++
	request := &cancellation{cause}
	if t.request == nil {
		t.request = request
	}
	t.context().end(request)
	if t.waiting != nil && t.waiting.Cancel(cause) {
		t.sent = true
		return true
	}
	t.must = request
	return true
}

// Cancelling is how many requests stand that were not withdrawn: cancelling.
// Loop only.
func (t *task) Cancelling() int { return int(t.requests) }

// Uncancel withdraws a request and returns how many are left: uncancel. With
// none left, a request that was not delivered yet never is. The task's ctx stays
// Done. Loop only.
func (t *task) Uncancel() int {
	if t.requests > 0 {
		t.requests--
	}
	if t.requests == 0 {
		t.must = nil
	}
	return int(t.requests)
}

// interrupt ends the present wait before its time, with err: a time limit, or
// the end of the context that was given to it.
func (t *task) interrupt(err error) {
	if t.limit != nil {
		return
	}
	t.limit = err
	t.stuck = t.waiting == nil || !t.waiting.Cancel(err)
}

// outcome is why a wait returns an error in place of what the task waited for,
// or nil. A request goes before a limit.
func (t *task) outcome(w waiter, alive bool) error {
	must, sent, limit, stuck := t.must, t.sent, t.limit, t.stuck
	t.must, t.sent, t.limit, t.stuck = nil, false, nil, false
	switch {
	case !alive:
		return ErrLoopClosed
	case must != nil:
		return must
	case sent:
		return nil
	case limit != nil && (stuck || endedByCancel(w)):
		return limit
	}
	return nil
}

// endedByCancel reports whether w ended as cancelled, or with the cancellation
// of one of its parts.
func endedByCancel(w waiter) bool {
	if a, ok := w.(AnyAwaitable); ok {
		return errors.Is(a.core().err, ErrCancelled)
	}
	return w.Cancelled()
}
