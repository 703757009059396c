package engine

import (
	"context"
	"time"
)

// CallSoon calls fn in the next turn, after everything scheduled before:
// call_soon. The handle is never nil; one that was refused, for a nil fn or on a
// closed loop, is cancelled and Err says why. fn runs in the context of the
// caller. The handle is the one allocation. Loop only.
func (l *Loop) CallSoon(fn func()) *Handle { return l.CallSoonContext(inherit, fn) }

// CallSoonContext is CallSoon with the context parameter: fn runs in ctx, and
// nil is the context of the caller.
func (l *Loop) CallSoonContext(ctx context.Context, fn func()) *Handle {
	if err := l.check(fn); err != nil {
		return l.refused(ctx, err)
	}
	h := l.newHandle(l.contextOr(ctx), fn)
	if err := l.r.Soon(runHandle, h); err != nil {
		h.refuse(err)
	}
	return h
}

// CallSoonArg calls fn(arg) as CallSoon does, without a handle, and in the
// loop's own context. It allocates nothing when arg is a pointer. It fails with
// an *ArgError for a nil fn and with ErrLoopClosed. Loop only.
func (l *Loop) CallSoonArg(fn func(any), arg any) error {
	if fn != nil { // not joined by &&, which makes a value of an inlined call before it branches
		if !l.debug.Load() {
			if l.r.SoonAtOnce(fn, arg) {
				return nil
			}
		}
	}
	return l.callSoonArg(fn, arg)
}

// callSoonArg is CallSoonArg with all checks. In debug mode a callback is timed by way
// of a handle.
func (l *Loop) callSoonArg(fn func(any), arg any) error {
	if err := l.checkArg(fn); err != nil {
		return err
	}
	if l.debug.Load() {
		return l.r.Soon(runHandle, l.newArgHandle(fn, arg))
	}
	return l.r.Soon(fn, arg)
}

// CallSoonThreadsafe is CallSoon for every goroutine: call_soon_threadsafe. It
// wakes a sleeping loop; calls of one goroutine run in their order. Losing the
// race with Close is ErrLoopClosed, and the handle is cancelled then. The handle
// may be cancelled on any goroutine, and is the one allocation.
func (l *Loop) CallSoonThreadsafe(fn func()) (*Handle, error) {
	return l.CallSoonThreadsafeContext(inherit, fn)
}

// CallSoonThreadsafeContext is CallSoonThreadsafe with the context parameter.
// nil is the context of the caller if it is the loop's goroutine, and the loop's
// own otherwise.
func (l *Loop) CallSoonThreadsafeContext(ctx context.Context, fn func()) (*Handle, error) {
	if ctx == nil {
		ctx = l.Context()
	}
	h := l.newHandle(ctx, fn)
	h.shared = true
	err := checkFunc(fn == nil)
	if err == nil {
		err = l.r.Post(runHandle, h)
	}
	if err != nil {
		h.cancelFor(err)
	}
	return h, err
}

// CallSoonThreadsafeArg calls fn(arg) as CallSoonThreadsafe does, without a
// handle and without an allocation when arg is a pointer.
func (l *Loop) CallSoonThreadsafeArg(fn func(any), arg any) error {
	if fn == nil || l.debug.Load() {
		return l.callSoonThreadsafeArgDebug(fn, arg)
	}
	return l.r.Post(fn, arg)
}

func (l *Loop) callSoonThreadsafeArgDebug(fn func(any), arg any) error {
	if err := checkFunc(fn == nil); err != nil {
		return err
	}
	return l.r.Post(runHandle, l.newArgHandle(fn, arg))
}

// CallLater calls fn after delay: call_later. A delay of zero or less is the
// next turn, never at once. Timers run by deadline and, among equals, in the
// order they were made. The handle is as CallSoon's, and the one allocation. Loop
// only.
func (l *Loop) CallLater(delay time.Duration, fn func()) *TimerHandle {
	return l.CallAtContext(inherit, after(l.Time(), delay), fn)
}

// CallLaterContext is CallLater with the context parameter.
func (l *Loop) CallLaterContext(ctx context.Context, delay time.Duration, fn func()) *TimerHandle {
	return l.CallAtContext(ctx, after(l.Time(), delay), fn)
}

// CallLaterArg calls fn(arg) as CallLater does, without a handle, and without an
// allocation in the steady state when arg is a pointer.
func (l *Loop) CallLaterArg(delay time.Duration, fn func(any), arg any) error {
	return l.CallAtArg(after(l.Time(), delay), fn, arg)
}

// CallAt calls fn at the loop time when: call_at. A time in the past is the next
// turn. Loop only.
func (l *Loop) CallAt(when time.Duration, fn func()) *TimerHandle {
	return l.CallAtContext(inherit, when, fn)
}

// CallAtContext is CallAt with the context parameter.
func (l *Loop) CallAtContext(ctx context.Context, when time.Duration, fn func()) *TimerHandle {
	if err := l.check(fn); err != nil {
		t := &TimerHandle{Handle: Handle{loop: l, ctx: ctx, when: when, timer: true}}
		t.refuse(err)
		return t
	}
	t := l.newTimerHandle(l.contextOr(ctx), when, fn)
	if err := l.r.Schedule(&t.deadline, int64(when)); err != nil {
		t.refuse(err)
	}
	return t
}

// CallAtArg is CallLaterArg for a loop time.
func (l *Loop) CallAtArg(when time.Duration, fn func(any), arg any) error {
	if err := l.checkArg(fn); err != nil {
		return err
	}
	if l.debug.Load() {
		t := l.newTimerHandle(l.base, when, func() { fn(arg) })
		t.target = fn
		return l.r.Schedule(&t.deadline, int64(when))
	}
	return l.pool.schedule(l, int64(when), fn, arg)
}

// after is now + delay, which stops at the end of time: 292 years.
func after(now, delay time.Duration) time.Duration {
	if when := now + delay; delay <= 0 || when >= now {
		return when
	}
	return 1<<63 - 1
}
