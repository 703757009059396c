package engine

import (
	"context"
	"fmt"
)

// AnyAwaitable is the untyped face of a future.
type AnyAwaitable interface {
	// Done reports whether there is a result, an error or a cancellation.
	Done() bool
	// Cancelled reports whether it was cancelled.
	Cancelled() bool
	// Cancel asks for cancellation and reports whether that can still be done.
	Cancel(cause error) bool
	// Loop is the loop that it belongs to.
	Loop() *Loop

	core() *future
}

// future is what futures of all types have in common. It belongs to its loop.
//
//	         SetResult, SetError
//	pending ---------------------> finished
//	   |
//	   +-------- Cancel ---------> cancelled
type future struct {
	loop      *Loop
	state     futureState
	err       error
	callbacks []doneCallback
	last      DoneToken
	onCancel  func() // tells whoever computes the result
	made      stack
}

type futureState uint8

const (
	futurePending futureState = iota
	futureFinished
	futureCancelled
)

func (s futureState) String() string {
	return [...]string{"pending", "finished", "cancelled"}[s]
}

// DoneToken names a done callback, for RemoveDoneCallback.
type DoneToken uint64

type doneCallback struct {
	token DoneToken
	ctx   context.Context
	fn    func()
}

// Future is a result that comes later: asyncio's Future. It belongs to its loop;
// all methods are loop only.
type Future[T any] struct {
	future
	value T
}

// NewFuture makes a pending future: create_future. It works on a loop that is
// stopped or closed.
func NewFuture[T any](l *Loop) *Future[T] {
	f := &Future[T]{future: future{loop: l}}
	if l.Debug() {
		f.made = callers()
	}
	return f
}

func (f *future) core() *future { return f }

// Loop is the loop that the future belongs to: get_loop.
func (f *future) Loop() *Loop { return f.loop }

// Done reports whether there is a result, an error or a cancellation: done.
func (f *future) Done() bool { return f.state != futurePending }

// Cancelled reports whether the future was cancelled: cancelled.
func (f *future) Cancelled() bool { return f.state == futureCancelled }

// Cancel cancels a pending future and reports whether it was pending: cancel.
// The cause, which may be nil, is what the cancellation wraps.
func (f *future) Cancel(cause error) bool {
	if f.Done() {
		return false
	}
	f.err = ErrCancelled
	if cause != nil {
		f.err = fmt.Errorf("%w: %w", ErrCancelled, cause)
	}
	if f.onCancel != nil {
		f.onCancel()
	}
	f.finish(futureCancelled)
	return true
}

// Err is the future's error: exception. It is nil after a result, ErrCancelled
// after a cancellation, and ErrInvalidState while the future is pending.
func (f *future) Err() error {
	if !f.Done() {
		return ErrInvalidState
	}
	return f.err
}

// String shows the state: repr.
func (f *future) String() string {
	s := "<Future " + f.state.String()
	if f.state == futureFinished && f.err != nil {
		s += fmt.Sprintf(" error=%q", f.err)
	}
	return s + f.made.note() + ">"
}

// finish takes the step out of pending and schedules the callbacks, in order.
func (f *future) finish(s futureState) {
	f.state = s
	callbacks := f.callbacks
	f.callbacks = nil
	for _, c := range callbacks {
		f.loop.CallSoonContext(c.ctx, c.fn)
	}
}

// addDone calls fn when the future is done, never synchronously.
func (f *future) addDone(ctx context.Context, fn func()) DoneToken {
	f.last++
	if ctx = f.loop.contextOr(ctx); f.Done() {
		f.loop.CallSoonContext(ctx, fn)
	} else {
		f.callbacks = append(f.callbacks, doneCallback{f.last, ctx, fn})
	}
	return f.last
}

// RemoveDoneCallback withdraws a callback that is not scheduled yet, and reports
// whether there was one: remove_done_callback.
func (f *future) RemoveDoneCallback(t DoneToken) bool {
	for i, c := range f.callbacks {
		if c.token == t {
			f.callbacks = append(f.callbacks[:i], f.callbacks[i+1:]...)
			return true
		}
	}
	return false
}

// AddDoneCallback calls fn with the future when it is done: add_done_callback.
// fn runs through CallSoon, in the order of the calls and in the context of the
// caller; on a future that is done it is scheduled at once. A nil fn panics with
// an *ArgError.
func (f *Future[T]) AddDoneCallback(fn func(*Future[T])) DoneToken {
	if err := checkFunc(fn == nil); err != nil {
		panic(err)
	}
	return f.addDone(inherit, func() { fn(f) })
}

// SetResult ends the future with a result: set_result. On a future that is done
// it fails with ErrInvalidState.
func (f *Future[T]) SetResult(v T) error {
	if f.Done() {
		return ErrInvalidState
	}
	f.value = v
	f.finish(futureFinished)
	return nil
}

// SetError ends the future with an error: set_exception. On a future that is
// done it fails with ErrInvalidState, and for nil with an *ArgError.
func (f *Future[T]) SetError(err error) error {
	if err == nil {
		return badArg("err", "must not be nil")
	}
	if f.Done() {
		return ErrInvalidState
	}
	f.err = err
	f.finish(futureFinished)
	return nil
}

// Result is the result, or what Err says: result.
func (f *Future[T]) Result() (T, error) {
	err := f.Err()
	return f.value, err
}

// RunUntilDone runs the loop until the future is done and returns what it holds:
// run_until_complete. It fails with ErrForeignLoop for a future of another loop,
// with ErrStoppedBeforeDone when the loop was stopped before, and as RunForever
// does.
func RunUntilDone[T any](l *Loop, f *Future[T]) (T, error) {
	var none T
	if f == nil {
		return none, badArg("f", "must not be nil")
	}
	if f.loop != l {
		return none, ErrForeignLoop
	}
	if err := l.cannotRun(); err != nil {
		return none, err
	}
	over := false // a callback that is scheduled by now must not stop a later run
	t := f.addDone(inherit, func() {
		if !over {
			l.Stop()
		}
	})
	err := l.RunForever()
	over = true
	f.RemoveDoneCallback(t)
	if err != nil {
		return none, err
	}
	if !f.Done() {
		return none, ErrStoppedBeforeDone
	}
	return f.Result()
}
