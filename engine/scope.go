package engine

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// Timeout is a context that ends after d: asyncio's timeout(). Waits that get it
// return ErrTimeout from then on, and one that is under way is ended like a
// cancelled one; the task itself is not cancelled, and waits with its own ctx go
// on. cancel, which has to be called, ends it before; waits that get it then
// return context.Canceled. The task's own cancellation goes before the time, unless it
// was requested ahead of Timeout and is delivered only now: then the wait returns
// ErrTimeout, and Cancelling still counts the request.
//
// It is context.WithTimeout on the loop's clock and timer wheel: cheaper in
// waits, and, in the order of events, exactly asyncio's. Outside of a task it is
// context.WithTimeout with ErrTimeout as the cause. cancel may be called on any
// goroutine.
func Timeout(ctx context.Context, d time.Duration) (_ context.Context, cancel context.CancelFunc) {
	t, here := taskHere(ctx)
	if !here {
		return context.WithTimeoutCause(ctx, d, ErrTimeout)
	}
	s := &scope{task: t, parent: ctx, deadline: time.Now().Add(d), requests: t.Cancelling()}
	s.nest()
	s.arm(d)
	return s, s.cancel
}

// scope is a context with a time limit, for the waits of one task. Its end on
// the loop is what waits obey; for everybody else it is a context of package
// context, made when somebody first asks for Done.
type scope struct {
	task     *task
	parent   context.Context
	outer    *scope // the next scope outwards
	foreign  bool   // a context of another package lies between
	requests int    // for the task's cancellation that stood before
	deadline time.Time
	timer    reactor.Timer
	err      error // why it has ended; loop only
	own      atomic.Pointer[ownContext]
}

// scopeKey is the key of the innermost scope of a context.
type scopeKey struct{}

// nest finds out what the parent is.
func (s *scope) nest() {
	switch p := s.parent.(type) {
	case *taskContext:
		s.foreign = s.task.bounded
	case *scope:
		s.outer, s.foreign = p, p.foreign
	default:
		s.foreign = true
	}
}

// arm begins the time. A limit that has passed ends the scope in the next turn,
// ahead of what the task does before it waits.
func (s *scope) arm(d time.Duration) {
	l := s.task.loop
	s.timer.Init(endScope, s)
	if d <= 0 {
		_ = l.r.Soon(endScope, s) // a closed loop ends every wait
		return
	}
	_ = l.r.Schedule(&s.timer, int64(after(l.Time(), d))) // likewise
}

func endScope(arg any) { arg.(*scope).end(ErrTimeout) }

// end ends the scope, and the wait that is under way in it.
func (s *scope) end(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	s.task.loop.r.Cancel(&s.timer)
	if s.waitsIn() {
		s.task.interrupt(err, err == ErrTimeout && s.task.Cancelling() <= s.requests)
	}
	if !s.own.CompareAndSwap(nil, endedScopes[err]) {
		o := s.own.Load()
		o.end(err)
		o.shut()
	}
}

// waitsIn reports whether the task waits within the scope.
func (s *scope) waitsIn() bool {
	c := s.task.cut
	return c != nil && (s.around(c.scope) || slices.ContainsFunc(c.callers, s.around))
}

// around reports whether in is the scope, or lies in it.
func (s *scope) around(in *scope) bool {
	for in != nil && in != s {
		in = in.outer
	}
	return in != nil
}

// endedScopes stand for the contexts of scopes that ended before anybody asked.
var endedScopes = map[error]*ownContext{
	context.Canceled: endedScope(context.Canceled),
	ErrTimeout:       endedScope(ErrTimeout),
}

func endedScope(cause error) *ownContext {
	o := endedBy(cause)
	o.expires()
	o.shut()
	return o
}

// expires gives the context of a scope its own channel.
func (o *ownContext) expires() {
	o.done = make(chan struct{})
	o.shut = sync.OnceFunc(func() { close(o.done) })
}

// over is why the scope, or one around it, has ended, or nil.
func (s *scope) over() error {
	for ; s != nil; s = s.outer {
		if s.err != nil {
			return s.err
		}
	}
	return nil
}

// cancel is what Timeout returns beside the scope.
func (s *scope) cancel() {
	if s.task.loop.onLoop() {
		s.end(context.Canceled)
		return
	}
	_ = s.task.loop.r.Post(func(any) { s.end(context.Canceled) }, nil) // a closed loop ends every wait
}

// context is the scope for others than the loop. It is Done by a channel of its
// own, because package context would tell whoever derives from a context of its
// own that this one was cancelled, where the truth is that its time was up.
func (s *scope) context() *ownContext {
	if o := s.own.Load(); o != nil {
		return o
	}
	o := newOwnContext(s.parent)
	o.expires()
	if !s.own.CompareAndSwap(nil, o) {
		o.end(nil)
		return s.own.Load()
	}
	if context.AfterFunc(o.Context, o.shut); o.Err() != nil {
		o.shut()
	}
	return o
}

// Deadline is when the scope ends, or its parent if that is earlier.
func (s *scope) Deadline() (time.Time, bool) {
	if d, ok := s.parent.Deadline(); ok && d.Before(s.deadline) {
		return d, true
	}
	return s.deadline, true
}

// Done is closed when the time has passed, at cancel, and with the parent.
func (s *scope) Done() <-chan struct{} { return s.context().done }

// Err is nil before Done is closed.
func (s *scope) Err() error {
	o := s.context()
	err := o.Err()
	if err != nil && context.Cause(o.Context) == ErrTimeout {
		return context.DeadlineExceeded
	}
	return err
}

// AfterFunc is how package context learns of the end without a goroutine.
func (s *scope) AfterFunc(f func()) (stop func() bool) {
	return context.AfterFunc(s.context().Context, f)
}

// Value is the parent's.
func (s *scope) Value(key any) any {
	switch key {
	case taskKey{}:
		return s.task
	case scopeKey{}:
		return s
	}
	return s.own.Load().value(s.parent, key)
}
