package engine

import (
	"cmp"
	"context"
	"errors"
)

// Each calls fn on every loop of the group that has not ended, as by
// CallSoonThreadsafe, and does not wait. fn runs on the loops' goroutines, at the
// same time. It fails with ErrLoopNotRunning or ErrLoopClosed.
func (g *Group) Each(fn func(l *Loop)) error {
	if err := checkFunc(fn == nil); err != nil {
		return err
	}
	loops, err := g.live()
	for _, l := range loops {
		_ = l.r.Post(func(any) { fn(l) }, nil) // one that ends meanwhile is not asked
	}
	return err
}

// GatherEach runs fn as a task on every loop of the group that has not ended, and
// returns what they returned, in the order of the loops, and their errors joined.
// It waits as Await does; when ctx has ended before, fn does not run.
func GatherEach[T any](ctx context.Context, g *Group, fn func(ctx context.Context, l *Loop) (T, error)) ([]T, error) {
	if err := checkFunc(fn == nil); err != nil {
		return nil, err
	}
	loops, err := g.live()
	if err != nil {
		return nil, err
	}
	return onEach(ctx, loops, fn)
}

// onEach runs fn on loops and waits for all. When ctx has ended before, nothing runs.
func onEach[T any](ctx context.Context, loops []*Loop, fn func(ctx context.Context, l *Loop) (T, error)) ([]T, error) {
	if err := cmp.Or(canWait(ctx), context.Cause(ctx)); err != nil {
		return nil, err
	}
	values, futures := make([]T, len(loops)), make([]*ConcurrentFuture[T], len(loops))
	for i, l := range loops {
		futures[i] = submit(l, context.WithoutCancel(ctx), func(ctx context.Context) (T, error) { return fn(ctx, l) })
	}
	var errs []error
	for i, f := range futures {
		v, err := f.awaitAnywhere(ctx)
		values[i], errs = v, append(errs, err)
	}
	return values, errors.Join(errs...)
}

// canWait is why a call that waits must not be made here, or nil.
func canWait(ctx context.Context) error {
	if _, here := taskHere(ctx); here {
		return nil
	}
	return mayBlock()
}

// awaitAnywhere waits where canWait allows it.
func (f *ConcurrentFuture[T]) awaitAnywhere(ctx context.Context) (T, error) {
	if t, here := taskHere(ctx); here {
		return Await(ctx, Bridge(t.loop, f))
	}
	return f.waitOrCancel(ctx)
}
