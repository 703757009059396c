package engine

import (
	"context"
	"unsafe"
)

// inherit stands for the caller's context in calls that take one.
var inherit context.Context

// Context is the context of the callback that runs, and the loop's own outside
// of one: contextvars.copy_context. Callbacks, timers, readers and signal
// handlers inherit it when they are scheduled. On another goroutine than the
// loop's it is the loop's own, context.Background. Any goroutine.
func (l *Loop) Context() context.Context {
	if l.onLoop() {
		return l.ctx
	}
	return l.base
}

// setContext makes ctx the context of the callback that runs. It stores only what
// is another one, because a store of a pointer costs far more than a look while
// the collector marks. It does not use ==, which panics for a context of a type
// that cannot be compared.
func (l *Loop) setContext(ctx context.Context) {
	type words [2]unsafe.Pointer
	if *(*words)(unsafe.Pointer(&l.ctx)) != *(*words)(unsafe.Pointer(&ctx)) {
		l.ctx = ctx
	}
}

// contextOr is ctx, or the caller's context for nil. Loop only.
func (l *Loop) contextOr(ctx context.Context) context.Context {
	if ctx == nil {
		return l.ctx
	}
	return ctx
}
