package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ConcurrentFuture is a future for goroutines that are no loop's: what asyncio
// calls a concurrent.futures.Future. Its methods may be called on any goroutine.
//
//	pending ---- the work ends, Cancel, or its loop is closed ----> done
type ConcurrentFuture[T any] struct {
	loop *Loop // where the work runs

	mu      sync.Mutex
	done    chan struct{} // closed at the end
	state   futureState   // guarded by mu
	value   T             // guarded by mu
	err     error         // guarded by mu
	waiting []*func()     // guarded by mu
	source  AnyAwaitable  // what Cancel cancels, on its loop; guarded by mu
	cause   error         // of a Cancel; guarded by mu
}

// exported are the unfinished ConcurrentFutures that depend on a loop, which
// Close ends.
type exported struct {
	mu   sync.Mutex
	shut error                  // why none is added any more; guarded by mu
	set  map[abandoned]struct{} // guarded by mu
}

// abandoned is a ConcurrentFuture of any type.
type abandoned interface{ abandon(err error) }

// add fails when the loop is closed already.
func (e *exported) add(f abandoned) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut != nil {
		return e.shut
	}
	if e.set == nil {
		e.set = make(map[abandoned]struct{})
	}
	e.set[f] = struct{}{}
	return nil
}

func (e *exported) remove(f abandoned) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.set, f)
}

// close ends what is left, for good.
func (e *exported) close(err error) {
	e.mu.Lock()
	set := e.set
	e.set, e.shut = nil, err
	e.mu.Unlock()
	for f := range set {
		f.abandon(err)
	}
}

func newConcurrentFuture[T any](l *Loop) *ConcurrentFuture[T] {
	f := &ConcurrentFuture[T]{loop: l, done: make(chan struct{})}
	if err := l.exports.add(f); err != nil {
		f.abandon(err)
	}
	return f
}

// post calls fn on the future's loop.
func (f *ConcurrentFuture[T]) post(fn func()) {
	if err := f.loop.r.Post(func(any) { fn() }, nil); err != nil {
		f.abandon(err)
	}
}

// follow makes the future end as a does. Loop only.
func (f *ConcurrentFuture[T]) follow(a Awaitable[T]) {
	f.mu.Lock()
	f.source = a
	cancelled, cause := f.state == futureCancelled, f.cause
	f.mu.Unlock()
	if cancelled {
		a.Cancel(cause)
	}
	ended := func(any) {
		v, err := a.Result()
		f.complete(v, err)
	}
	if a.Done() {
		ended(nil)
		return
	}
	_ = a.core().whenDone(&doneCall{ended, nil}) // is pending
}

func (f *ConcurrentFuture[T]) abandon(err error) {
	var none T
	f.complete(none, err)
}

// complete ends the future, unless it is done.
func (f *ConcurrentFuture[T]) complete(v T, err error) { f.end(v, err, nil) }

// end is complete, for a Cancel with its cause. It reports whether the future was
// pending, and what the end has to be passed on to.
func (f *ConcurrentFuture[T]) end(v T, err, cause error) (source AnyAwaitable, ok bool) {
	f.mu.Lock()
	if f.state != futurePending {
		f.mu.Unlock()
		return nil, false
	}
	f.value, f.err, f.cause, f.state = v, err, cause, futureFinished
	if errors.Is(err, ErrCancelled) {
		f.state = futureCancelled
	}
	waiting, source := f.waiting, f.source
	f.waiting = nil
	close(f.done)
	f.mu.Unlock()
	f.loop.exports.remove(f)
	for _, fn := range waiting {
		(*fn)()
	}
	return source, true
}

// whenDone calls fn at the end, on whatever goroutine brings it, unless forget is
// called before.
func (f *ConcurrentFuture[T]) whenDone(fn func()) (forget func()) {
	f.mu.Lock()
	pending := f.state == futurePending
	if pending {
		f.waiting = append(f.waiting, &fn)
	}
	f.mu.Unlock()
	if !pending {
		fn()
	}
	return func() { f.forget(&fn) }
}

func (f *ConcurrentFuture[T]) forget(fn *func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = slices.DeleteFunc(f.waiting, func(w *func()) bool { return w == fn })
}

// carryOver is carry, from any goroutine.
func (f *ConcurrentFuture[T]) carryOver(to *Future[T]) {
	_ = to.loop.r.Post(func(any) { f.carry(to) }, nil) // a closed loop ends every wait
}

// carry ends a loop's future as this one has ended. Loop only, of to's.
func (f *ConcurrentFuture[T]) carry(to *Future[T]) {
	v, err := f.Result()
	if f.Cancelled() {
		to.endCancelled(err)
		return
	}
	to.settle(v, err)
}

// Cancel ends a pending future as cancelled, and reports whether it was pending:
// cancel. What it stands for is asked to end, which it does later.
func (f *ConcurrentFuture[T]) Cancel(cause error) bool {
	var none T
	source, ok := f.end(none, cancellationOf(cause), cause)
	if source != nil {
		f.post(func() { source.Cancel(cause) })
	}
	return ok
}

// Cancelled reports whether the future was cancelled, or what it stands for.
func (f *ConcurrentFuture[T]) Cancelled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state == futureCancelled
}

func (f *ConcurrentFuture[T]) isDone() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state != futurePending
}

// Done is closed when the future is done.
func (f *ConcurrentFuture[T]) Done() <-chan struct{} { return f.done }

// Result is the result or the error, ErrInvalidState while the future is
// pending. It does not wait.
func (f *ConcurrentFuture[T]) Result() (T, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == futurePending {
		return f.value, ErrInvalidState
	}
	return f.value, f.err
}

// Wait waits for the result: result(timeout), where ctx is the time limit. When
// ctx ends before, it is its cause, and the work goes on. In a task it suspends
// the task; in a bare callback it is ErrNotInTask.
func (f *ConcurrentFuture[T]) Wait(ctx context.Context) (T, error) {
	if t, here := taskHere(ctx); here {
		ended := NewFuture[T](t.loop)
		defer f.whenDone(func() { f.carryOver(ended) })()
		return Await(ctx, ended)
	}
	var none T
	if err := mayBlock(); err != nil {
		return none, err
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		if !f.isDone() {
			return none, context.Cause(ctx)
		}
	}
	return f.Result()
}

// waitOrCancel is Wait for a goroutine whose end of waiting is the end of the
// work.
func (f *ConcurrentFuture[T]) waitOrCancel(ctx context.Context) (T, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		if f.Cancel(context.Cause(ctx)) {
			var none T
			return none, context.Cause(ctx)
		}
	}
	return f.Result()
}
