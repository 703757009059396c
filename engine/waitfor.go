package engine

import (
	"context"
	"errors"
	"time"
)

// WaitFor is Await with a time limit: wait_for. When d has passed, what is
// awaited is cancelled and its end awaited; the error is ErrTimeout then, unless
// it has a result all the same. With d of zero or less what is not done is
// cancelled at once, and a task that has not begun never does. NoTimeout waits
// without a limit. Where it may be called: as Await.
func WaitFor[T any](ctx context.Context, a Awaitable[T], d time.Duration) (T, error) {
	t, here := taskHere(ctx)
	switch {
	case !here:
		return perform(ctx, a.Loop(), func(ctx context.Context) (T, error) { return WaitFor(ctx, a, d) })
	case d == NoTimeout:
		return Await(ctx, a)
	case d <= 0:
		return cancelAndWait(ctx, t, a)
	}
	ctx, cancel := Timeout(ctx, d)
	defer cancel()
	return Await(ctx, a)
}

// cancelAndWait is the result of what is done, else ErrTimeout after its end. It
// waits by a future of its own, so that a cancellation of the caller ends the
// wait and nothing else.
func cancelAndWait[T any](ctx context.Context, t *task, a Awaitable[T]) (v T, err error) {
	f := a.core()
	if f.loop != t.loop || f == &t.future {
		return v, t.await(ctx, a)
	}
	if f.Done() {
		return a.Result()
	}
	ended := NewFuture[struct{}](t.loop)
	release := &doneCall{func(any) { ended.settle(struct{}{}, nil) }, nil}
	_ = f.whenDone(release) // is pending
	a.Cancel(ErrTimeout)
	if _, err := Await(ctx, ended); err != nil {
		f.forget(release)
		return v, err
	}
	if v, err = a.Result(); errors.Is(err, ErrCancelled) {
		err = ErrTimeout
	}
	return v, err
}

// Shield is a future that ends as the awaitable does, and can be cancelled
// without cancelling it: shield. So an Await of it that is cancelled leaves the
// awaitable alone. Loop only.
func Shield[T any](a Awaitable[T]) *Future[T] {
	inner, outer := a.core(), NewFuture[T](a.Loop())
	if inner.Done() {
		passOn(a, outer)
		return outer
	}
	follow := &doneCall{func(any) { passOn(a, outer) }, nil}
	_ = inner.whenDone(follow)                                             // is pending
	_ = outer.whenDone(&doneCall{func(any) { inner.forget(follow) }, nil}) // likewise
	return outer
}

// passOn ends outer as a has ended.
func passOn[T any](a Awaitable[T], outer *Future[T]) {
	v, err := a.Result()
	if a.Cancelled() {
		outer.endCancelled(err)
		return
	}
	outer.settle(v, err)
}
