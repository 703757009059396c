package engine

import (
	"context"
	"slices"
)

// DoneToken names a done callback, for RemoveDoneCallback. The zero token names
// none.
type DoneToken struct{ handle *Handle }

// AddDoneCallback calls fn with the future when it is done: add_done_callback.
// fn runs as by CallSoon, in the order of the calls and in the context of the
// caller; on a future that is done it is scheduled at once. A nil fn panics with
// an *ArgError. Loop only.
func (f *Future[T]) AddDoneCallback(fn func(*Future[T])) DoneToken {
	return f.AddDoneCallbackContext(inherit, fn)
}

// AddDoneCallbackContext is AddDoneCallback with the context parameter: fn runs
// in ctx, and nil is the context of the caller.
func (f *Future[T]) AddDoneCallbackContext(ctx context.Context, fn func(*Future[T])) DoneToken {
	return f.addDone(ctx, fn == nil, func() { fn(f) })
}

// AddDoneCallback calls fn with the task when it is done, as that of a Future.
func (t *Task[T]) AddDoneCallback(fn func(*Task[T])) DoneToken {
	return t.AddDoneCallbackContext(inherit, fn)
}

// AddDoneCallbackContext is AddDoneCallback with the context parameter.
func (t *Task[T]) AddDoneCallbackContext(ctx context.Context, fn func(*Task[T])) DoneToken {
	return t.addDone(ctx, fn == nil, func() { fn(t) })
}

// addDone registers a callback as a handle. What is wrong with the call is a
// panic, because nobody looks at the error of a call that cannot fail.
func (f *future) addDone(ctx context.Context, missing bool, fn func()) DoneToken {
	if err := checkFunc(missing); err != nil {
		panic(err)
	}
	if err := f.loop.checkGoroutine(); err != nil {
		panic(err)
	}
	h := f.loop.newHandle(f.loop.contextOr(ctx), fn)
	if err := f.whenDone(h); err != nil {
		h.refuse(err)
	}
	return DoneToken{h}
}

// RemoveDoneCallback withdraws a callback that is not scheduled yet, and reports
// whether there was one: remove_done_callback. Loop only.
func (f *future) RemoveDoneCallback(t DoneToken) bool { return t.handle != nil && f.forget(t.handle) }

// forget withdraws w.
func (f *future) forget(w follower) bool {
	if f.first == w {
		f.first = nil
		return true
	}
	if f.rare == nil {
		return false
	}
	before := len(f.rare.more)
	f.rare.more = slices.DeleteFunc(f.rare.more, func(o follower) bool { return o == w })
	return len(f.rare.more) < before
}
