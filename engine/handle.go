package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Handle is a callback that was scheduled: asyncio's Handle. It is a real object
// that answers for ever; it is never used again for another callback.
//
//	          the loop takes it
//	pending --------------------> ran
//	   |
//	   +------ Cancel ------> cancelled
//
// Cancel after the callback has begun changes nothing, and Cancelled stays
// false. Cancel is loop only, except for handles of CallSoonThreadsafe, which
// may be cancelled anywhere: for those the arrows are atomic steps, of which
// exactly one is taken.
type Handle struct {
	loop   *Loop
	fn     func()
	target func(any) // what fn calls for CallSoonArg and its kin, to be shown instead
	ctx    context.Context
	when   time.Duration // of a timer
	state  atomic.Uint32
	shared bool // may be cancelled from any goroutine
	timer  bool // is part of a TimerHandle
	err    error
	made   stack
}

const (
	handlePending uint32 = iota
	handleRan
	handleCancelled
)

// newHandle makes a handle for the calling context.
func (l *Loop) newHandle(ctx context.Context, fn func()) *Handle {
	h := &Handle{loop: l, fn: fn, ctx: ctx}
	if l.debug.Load() {
		h.made = callers()
	}
	return h
}

// newArgHandle is how debug mode times and shows a call without a handle.
func (l *Loop) newArgHandle(fn func(any), arg any) *Handle {
	h := l.newHandle(l.base, func() { fn(arg) })
	h.target = fn
	return h
}

// refused is the handle of a call that was turned down before it touched the
// loop, whose present context a foreign goroutine must not read.
func (l *Loop) refused(ctx context.Context, err error) *Handle {
	h := &Handle{loop: l, ctx: ctx}
	h.refuse(err)
	return h
}

// refuse makes the handle one that never runs. In debug mode it panics instead,
// because nobody looks at the handle of a call that cannot fail.
func (h *Handle) refuse(err error) {
	if h.loop.debug.Load() {
		panic(err)
	}
	h.cancelFor(err)
}

// cancelFor cancels a handle that was never scheduled.
func (h *Handle) cancelFor(err error) {
	h.err = err
	h.fn = nil
	h.state.Store(handleCancelled)
}

// Cancel keeps the callback from running: cancel. It lets go of what the
// callback holds. See Handle for where it may be called.
func (h *Handle) Cancel() {
	if h.take(handleCancelled) {
		h.fn = nil
	}
}

// take moves the handle from pending to state and reports whether it did.
func (h *Handle) take(state uint32) bool {
	if h.shared {
		return h.state.CompareAndSwap(handlePending, state)
	}
	if h.state.Load() != handlePending {
		return false
	}
	h.state.Store(state)
	return true
}

// Cancelled reports whether Cancel came before the callback: cancelled. Any
// goroutine.
func (h *Handle) Cancelled() bool { return h.state.Load() == handleCancelled }

// Err says why the handle was refused: ErrLoopClosed, or an *ArgError. It is nil
// for a handle that was scheduled.
func (h *Handle) Err() error { return h.err }

// Context is the context that the callback runs in: get_context.
func (h *Handle) Context() context.Context { return h.ctx }

// String shows the callback with its source, the deadline of a timer, and in
// debug mode where the handle was made: repr. It may be called where Cancel may,
// but not beside a Cancel on another goroutine, which lets go of the callback.
func (h *Handle) String() string {
	s := "<Handle"
	if h.timer {
		s = "<TimerHandle"
	}
	if h.Cancelled() {
		s += " cancelled"
	}
	if h.timer {
		s += fmt.Sprintf(" when=%v", h.when)
	}
	if h.fn != nil {
		s += " " + h.callback()
	}
	return s + h.made.note() + ">"
}

// callback shows the function that the caller gave.
func (h *Handle) callback() string {
	if h.target != nil {
		return describeFunc(h.target)
	}
	return describeFunc(h.fn)
}

// runHandle is what the reactor calls for every handle. A handle that panics
// stays the current one, which is how the report knows it.
func runHandle(arg any) {
	h := arg.(*Handle)
	if h.take(handleRan) {
		h.run()
	}
}

// run calls the callback in its context. In debug mode it is timed.
func (h *Handle) run() {
	l := h.loop
	l.current, l.ctx = h, h.ctx
	if l.debug.Load() {
		h.runTimed()
	} else {
		h.fn()
	}
	l.current, l.ctx = nil, l.base
}

// runTimed reports a callback that took too long. It can be shown afterwards:
// once it has begun, no Cancel takes the callback from the handle.
func (h *Handle) runTimed() {
	start := h.loop.Time()
	h.fn()
	if took := h.loop.Time() - start; took >= h.loop.SlowCallbackDuration() {
		h.loop.log.Warn(fmt.Sprintf("Executing %v took %.3f seconds", h, took.Seconds()), "duration", took)
	}
}
