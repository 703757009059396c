package engine

import "context"

// perform is how a call that waits for loop l behaves on every goroutine; fn is
// the call in a task of l.
//
//	the task of l that ctx names     fn runs in it
//	a task of another loop           fn runs in a task made for it on l, and the
//	                                 calling task is suspended until its end
//	a callback, another task         ErrNotInTask
//	any other goroutine              fn runs in a task made for it on l, and the
//	                                 goroutine is blocked until its end
//
// The end of ctx cancels the task that was made; the caller does not wait for
// its end.
func perform[T any](ctx context.Context, l *Loop, fn func(context.Context) (T, error)) (v T, err error) {
	t, here := taskHere(ctx)
	if here && t.loop == l {
		return fn(ctx)
	}
	if !here {
		if err := mayBlock(); err != nil {
			return v, err
		}
	}
	if err := l.reachable(); err != nil {
		return v, err
	}
	return submit(l, context.WithoutCancel(ctx), fn).awaitAnywhere(ctx)
}

// obtain is perform for what has to be given back if nobody gets it. A caller
// elsewhere may give up when fn has returned already, but was not told.
func obtain[T any](ctx context.Context, l *Loop, fn func(context.Context) (T, error), giveBack func(T)) (T, error) {
	undo := func() {} // the loop's alone
	v, err := perform(ctx, l, func(ctx context.Context) (T, error) {
		v, err := fn(ctx)
		if err == nil {
			undo = func() { giveBack(v) }
		}
		return v, err
	})
	if err != nil && l != nil {
		_ = l.r.Post(func(any) { undo() }, nil) // a closed loop has nothing open
	}
	return v, err
}

// reachable is why a goroutine must not wait for the loop, or nil.
func (l *Loop) reachable() error {
	switch {
	case l == nil:
		return ErrNoRunningLoop
	case l.IsClosed():
		return ErrLoopClosed
	case !l.IsRunning():
		return ErrLoopNotRunning
	}
	return nil
}

// Submit runs fn in a task of the loop, for every goroutine:
// run_coroutine_threadsafe. The loop need not run yet. On a closed loop, or for
// a nil fn, the future is done at once with what is wrong; when the loop is
// closed before the end, it is ErrLoopClosed. Any goroutine.
func Submit[T any](l *Loop, fn func(ctx context.Context) (T, error)) *ConcurrentFuture[T] {
	return submit(l, inherit, fn)
}

func submit[T any](l *Loop, ctx context.Context, fn func(context.Context) (T, error)) *ConcurrentFuture[T] {
	f := newConcurrentFuture[T](l)
	if err := checkFunc(fn == nil); err != nil {
		f.complete(f.value, err)
		return f
	}
	if ctx == nil {
		ctx = l.base
	}
	f.post(func() {
		if f.isDone() {
			return
		}
		defer f.broken()
		f.follow(CreateTask(l, fn, TaskOptions{Context: ctx}))
	})
	return f
}

// broken passes on a panic of the task factory to those who wait.
func (f *ConcurrentFuture[T]) broken() {
	if v := recover(); v != nil {
		f.abandon(panicError(v))
		panic(v)
	}
}

// Bridge is a future on loop l that ends as f does, which may be a
// ConcurrentFuture, or a future or task of another loop: wrap_future.
// Cancelling it cancels f. When f's loop is closed before the end, it is
// ErrLoopClosed; when l is, nobody is told. Loop only, of l.
func Bridge[T any](l *Loop, f Bridgeable[T]) *Future[T] {
	to, from := NewFuture[T](l), f.export()
	to.seldom().cancel = func(cause error) bool {
		from.Cancel(cause)
		return to.endCancelled(cancellationOf(cause))
	}
	from.whenDone(func() { from.carryOver(to) })
	return to
}

// Bridgeable is what Bridge takes: *ConcurrentFuture, *Future and *Task.
type Bridgeable[T any] interface {
	// Result is the result, or what is wrong.
	Result() (T, error)

	export() *ConcurrentFuture[T]
}

//lint:ignore U1000 Bridge calls it by the interface
func (f *ConcurrentFuture[T]) export() *ConcurrentFuture[T] { return f }

//lint:ignore U1000 Bridge calls it by the interface
func (f *Future[T]) export() *ConcurrentFuture[T] { return export(f) }

//lint:ignore U1000 Bridge calls it by the interface
func (t *Task[T]) export() *ConcurrentFuture[T] { return export(t) }

// export follows an awaitable of a loop that need not be the caller's.
func export[T any](a Awaitable[T]) *ConcurrentFuture[T] {
	f := newConcurrentFuture[T](a.Loop())
	f.post(func() { f.follow(a) })
	return f
}
