package engine

import (
	"cmp"
	"errors"
)

// cut is what a task knows of ends before their time: requests for its
// cancellation, and time limits and contexts of its waits. Most tasks never see
// one.
type cut struct {
	request  *cancellation // the first request, the cause of the context's end
	requests int           // that were not withdrawn
	must     *cancellation // a request that the next wait has to deliver
	scope    *scope        // innermost time limit of the present wait
	callers  []*scope      // and of those whose Next that wait belongs to
	limit    error         // why that wait ends, other than by a request
	sent     bool          // the request went to what the task waits for
	stuck    bool          // limit comes without a cancellation of that
	ahead    bool          // limit goes before the requests
	asking   bool          // what the task waits for is being asked to end
	circle   bool          // and waits for the task itself
}

// cuts makes room for what most tasks never need.
func (t *task) cuts() *cut {
	if t.cut == nil {
		t.cut = &cut{}
	}
	return t.cut
}

// limited notes a time limit of the wait that is about to begin.
func (c *cut) limited(s *scope) {
	if c.scope == nil {
		c.scope = s
		return
	}
	c.callers = append(c.callers, s)
}

// requested is the cause of the end of the task's own context, or nil.
func (t *task) requested() error {
	if t.cut == nil || t.cut.request == nil {
		return nil
	}
	return t.cut.request
}

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
	if t.cut != nil && t.cut.asking {
		t.cut.circle = true // the same request has come around
		return true
	}
	c, request := t.cuts(), &cancellation{cause}
	c.requests++
	c.ahead = false
	if c.request == nil {
		c.request = request
	}
	t.context().end(request)
	if t.ask(cause) {
		c.sent = true
	} else {
		c.must = request
	}
	return true
}

// ask asks what the task waits for to end, and reports whether it will tell of
// that. What waits in a circle for this task cannot tell: the wait is given up. What
// refuses is done, or a Gather whose parts all are, and tells soon.
func (t *task) ask(cause error) bool {
	c := t.cut
	if t.waiting == nil || c.asking {
		return false
	}
	c.asking, c.circle = true, false
	sent := t.waiting.Cancel(cause)
	c.asking = false
	a, ok := t.waiting.(AnyAwaitable)
	if ok && c.circle && a.core().forget(t) {
		_ = t.loop.r.Soon(stepTask, t) // a closed loop ends the wait
		return false
	}
	return sent
}

// Cancelling is how many requests stand that were not withdrawn: cancelling.
// Loop only.
func (t *task) Cancelling() int {
	if t.cut == nil {
		return 0
	}
	return t.cut.requests
}

// Uncancel withdraws a request and returns how many are left: uncancel. With
// none left, a request that was not delivered yet never is. The task's ctx stays
// Done. Loop only.
func (t *task) Uncancel() int {
	c := t.cut
	if c == nil {
		return 0
	}
	if c.requests = max(c.requests-1, 0); c.requests == 0 {
		c.must = nil
	}
	return c.requests
}

// interrupt ends the present wait before its time, with err: a time limit, or
// the end of the context that was given to it. What a wait has withstood once is
// asked again by the next limit around it. ahead tells that all requests are older
// than the limit.
func (t *task) interrupt(err error, ahead bool) {
	c, sent := t.cuts(), t.ask(err)
	c.ahead = ahead && (c.ahead || c.limit == nil)
	c.limit = cmp.Or(c.limit, err)
	c.stuck = c.stuck || !sent
}

// outcome is why a wait for w returns an error in place of what w says, or nil.
// A request goes before a limit, unless it is older than the limit's scope, which
// then ends by its time, as asyncio's does. The next wait begins afresh.
func (c *cut) outcome(w waiter) error {
	was := *c
	*c = cut{request: c.request, requests: c.requests}
	switch {
	case was.ahead && (was.stuck || was.must != nil || endedByCancel(w)):
		return was.limit
	case was.must != nil && !endedByCancel(w):
		return was.must
	case was.must != nil, was.sent:
		return nil // what was awaited tells
	case was.limit != nil && (was.stuck || endedByCancel(w)):
		return was.limit
	}
	return nil
}

// endedByCancel reports whether w ended as cancelled, or with the cancellation
// of one of its parts.
func endedByCancel(w waiter) bool {
	a, ok := w.(AnyAwaitable)
	if ok {
		return errors.Is(a.core().err, ErrCancelled)
	}
	return w != nil && w.Cancelled()
}
