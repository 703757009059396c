package engine

import (
	"cmp"
	"context"

	"github.com/shardloop/shardloop/internal/gid"
)

// Await waits for a future or a task and returns its result: the await
// expression. In a task it suspends the task and allocates nothing; the loop
// goes on. What is done already is returned at once, without a turn of the loop.
//
// ctx names the task, and the calling goroutine decides what it means to wait:
//
//   - On the goroutine of the task that ctx names, the task is suspended.
//   - In a bare callback, or in a task that ctx does not name, waiting would stop
//     the loop: ErrNotInTask.
//   - On any other goroutine that goroutine is blocked, whatever its ctx; the
//     loop must be running, else it is ErrLoopNotRunning.
//
// The wait ends early when the task is cancelled, with ErrCancelled, and when
// ctx ends, with its cause. In both cases what is awaited is cancelled, and its
// end awaited; if it has a result all the same, that is returned. Shield keeps
// it from being cancelled.
//
// A future of another loop than the task's is ErrForeignLoop, see Bridge; the
// task itself is ErrAwaitSelf; on a loop that is closed meanwhile it is
// ErrLoopClosed.
func Await[T any](ctx context.Context, a Awaitable[T]) (T, error) {
	t, here := taskHere(ctx)
	if !here {
		return perform(ctx, a.Loop(), func(ctx context.Context) (T, error) { return Await(ctx, a) })
	}
	if err := t.await(ctx, a); err != nil {
		var none T
		return none, err
	}
	return a.Result()
}

// taskHere is the task that ctx names, and whether it may wait on the calling
// goroutine. Any goroutine.
func taskHere(ctx context.Context) (t *task, here bool) {
	if c, ok := ctx.(*taskContext); ok {
		return (*task)(c), c.home.Load() == uintptr(gid.Current())
	}
	t = taskOf(ctx)
	return t, t != nil && t.home.Load() == uintptr(gid.Current())
}

// await waits until a is done, or returns why it did not.
func (t *task) await(ctx context.Context, a AnyAwaitable) error {
	f := a.core()
	switch {
	case f.loop != t.loop:
		return t.protest(ErrForeignLoop)
	case f.Done():
		return nil
	case f == &t.future:
		return t.protest(ErrAwaitSelf)
	}
	unbind, err := t.bind(ctx)
	if err != nil {
		return err
	}
	f.awaited = true
	_ = f.whenDone(t) // is pending
	if err = t.wait(unbind, a); err != nil {
		f.awaited = false
	}
	return err
}

// protest is err in the next turn, when asyncio would have thrown it.
func (t *task) protest(err error) error {
	_ = t.loop.r.Soon(stepTask, t) // a closed loop ends the wait
	return cmp.Or(t.wait(nil, nil), err)
}

// wait suspends the task until w schedules its next step. It returns why the
// wait ended before its time, unless w tells of that itself.
func (t *task) wait(unbind func() bool, w waiter) error {
	t.waits++
	t.waiting = w
	if t.cut != nil {
		t.deliver()
	}
	c := t.top()
	c.Check()
	alive := c.Suspend()
	t.waiting = nil
	if unbind != nil {
		unbind()
	}
	switch {
	case !alive:
		return t.refused()
	case t.cut != nil:
		return t.cut.outcome(w)
	}
	return nil
}

// deliver passes on a request that the task had before it began to wait.
func (t *task) deliver() {
	if c := t.cut; c.must != nil && t.ask(c.must.cause) {
		c.must, c.sent = nil, true
	}
}

// bind ties the wait that is about to begin to the end of ctx. It fails with the
// cause if that has come. Contexts of this package tell the loop of their end
// themselves, or have none but the task's; for others package context does, and
// unbind ends that.
func (t *task) bind(ctx context.Context) (unbind func() bool, err error) {
	if t.plain(ctx) {
		return nil, nil
	}
	return t.bindOther(ctx)
}

// plain reports whether ctx is the task's own and has no end but the task's.
func (t *task) plain(ctx context.Context) bool {
	_, own := ctx.(*taskContext)
	return own && !t.bounded
}

func (t *task) bindOther(ctx context.Context) (unbind func() bool, err error) {
	switch c := ctx.(type) {
	case *taskContext:
		return t.bindForeign(t.base)
	case *genContext:
		return t.bind(c.gen.via)
	case *scope:
		unbind, err = t.bindScope(c)
	default:
		unbind, err = t.bindDerived(ctx)
	}
	if err == nil && t.top() != t.root {
		return t.bindCaller(ctx, unbind)
	}
	return unbind, err
}

func (t *task) bindScope(s *scope) (unbind func() bool, err error) {
	if err := s.over(); err != nil {
		return nil, err
	}
	if s.foreign {
		unbind, err = t.bindForeign(s.context().Context)
	}
	if err == nil {
		t.cuts().limited(s)
	}
	return unbind, err
}

func (t *task) bindDerived(ctx context.Context) (unbind func() bool, err error) {
	done := ctx.Done()
	if s, _ := ctx.Value(scopeKey{}).(*scope); s != nil && s.Done() == done {
		return t.bindScope(s)
	}
	if !t.bounded && (done == nil || done == t.context().Done()) {
		return nil, nil
	}
	return t.bindForeign(ctx)
}

// bindCaller ties a wait of a generator's body, whose ctx is derived from the
// body's, to what the caller waits with as well: the body's own ctx has an end
// that changes with the caller.
func (t *task) bindCaller(ctx context.Context, unbind func() bool) (_ func() bool, err error) {
	g, _ := ctx.Value(genKey{}).(*asyncGen)
	if g == nil || g.driver.Load() != t {
		return unbind, nil
	}
	var also func() bool
	switch via := g.via.(type) {
	case *genContext: // has the end of its caller
	case *taskContext:
		if t.bounded {
			also, err = t.bindForeign(t.base)
		}
	case *scope:
		also, err = t.bindScope(via)
	default:
		also, err = t.bindDerived(via)
	}
	if err != nil {
		t.cuts().scope, t.cuts().callers = nil, nil
		both(unbind, nil)()
		return nil, err
	}
	return t.bindCaller(g.via, both(unbind, also))
}

// both calls two functions that may be nil.
func both(a, b func() bool) func() bool {
	return func() bool {
		return (a == nil || a()) && (b == nil || b())
	}
}

// bindForeign watches a context of another package. An end that this task's own
// request brought is none: the request is delivered, or was.
func (t *task) bindForeign(ctx context.Context) (unbind func() bool, err error) {
	select {
	case <-ctx.Done():
		if cause := context.Cause(ctx); cause != t.requested() {
			return nil, cause
		}
		return nil, nil
	default:
	}
	e := &contextEnd{loop: t.loop, task: t, ctx: ctx, wait: t.waits + 1}
	return context.AfterFunc(ctx, e.post), nil
}

// contextEnd is the end of a context on its way to the wait that it ends. By then
// the task may be used again, so that only the loop may look at it.
type contextEnd struct {
	loop *Loop
	task *task
	ctx  context.Context
	wait uint32
}

func (e *contextEnd) post() { _ = e.loop.r.Post(endWait, e) } // a closed loop has no waits

func endWait(arg any) {
	e := arg.(*contextEnd)
	t := e.task
	if t.waits != e.wait || t.Done() {
		return
	}
	if cause := context.Cause(e.ctx); cause != t.requested() {
		t.interrupt(cause, false)
	}
}
