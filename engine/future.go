package engine

import (
	"cmp"
	"fmt"
	"runtime"

	"github.com/shardloop/shardloop/engine/internal/coro"
)

// AnyAwaitable is the untyped face of futures and tasks.
type AnyAwaitable interface {
	// Done reports whether there is a result, an error or a cancellation.
	Done() bool
	// Cancelled reports whether it was cancelled.
	Cancelled() bool
	// Cancel asks for cancellation and reports whether that can still be done.
	Cancel(cause error) bool
	// Err is the error, nil after a result, ErrInvalidState before the end.
	Err() error
	// Loop is the loop that it belongs to.
	Loop() *Loop

	core() *future
	boxed() any // the result
}

// Awaitable is what Await takes: *Future[T], *Task[T], or what embeds one.
type Awaitable[T any] interface {
	AnyAwaitable
	// Result is the result, or what Err says.
	Result() (T, error)
}

// future is what futures of all types and tasks have in common. It belongs to
// its loop.
//
//	         SetResult, SetError
//	pending ---------------------> finished
//	   |
//	   +-------- Cancel ---------> cancelled
//
// Whoever waits is scheduled by the end, in the order of registration. The first
// is stored in the future, because most futures never have another. What most
// never have at all is stored apart, for futures and tasks alike: a task has to
// be small, because making one costs little else than its memory.
type future struct {
	loop  *Loop
	err   error
	first follower
	rare  *rarely
	state futureState

	awaited bool // by a task, which will be told of an error
	asked   bool // somebody knows of the error

	// Of a task, which has no room for them.
	bounded bool // its base may end
	unwound bool // the loop was closed before its end
}

// follower is what the end of a future schedules: a *Handle, a *task that awaits
// it, or a *doneCall. It is known by its address.
type follower any

// doneCall is a call that the end of a future schedules.
type doneCall struct {
	fn  func(any)
	arg any
}

func callDone(arg any) {
	c := arg.(*doneCall)
	c.fn(c.arg)
}

// follow schedules it.
func (l *Loop) follow(w follower) error {
	switch w := w.(type) {
	case *task:
		return l.r.Soon(stepTask, w)
	case *Handle:
		return l.r.Soon(runHandle, w)
	}
	return l.r.Soon(callDone, w)
}

// rarely is what most futures have no use for.
type rarely struct {
	more    []follower             // behind first
	made    stack                  // in debug mode
	cancel  func(cause error) bool // in place of ending as cancelled
	report  runtime.Cleanup        // of an error that nobody asked for
	name    string                 // of a task that was given one
	product AnyTask                // what a task factory made of the task
	view    any                    // the *T of the product's typed view
	top     *coro.Coro             // of a task that iterates over an AsyncGen
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

// Future is a result that comes later: asyncio's Future. It belongs to its loop:
// all methods are loop only, but for Complete and Loop.
type Future[T any] struct {
	future
	value T
}

// NewFuture makes a pending future: create_future. It works on a loop that is
// stopped or closed. The future is the one allocation. Any goroutine.
func NewFuture[T any](l *Loop) *Future[T] {
	f := &Future[T]{future: future{loop: l}}
	f.born()
	return f
}

// born notes in debug mode where the future was made.
func (f *future) born() {
	if f.loop.debug.Load() {
		f.seldom().made = callers()
	}
}

// seldom makes room for what is rare.
func (f *future) seldom() *rarely {
	if f.rare == nil {
		f.rare = &rarely{}
	}
	return f.rare
}

// made is where the future was made, nil outside of debug mode.
func (f *future) made() stack {
	if f.rare == nil {
		return nil
	}
	return f.rare.made
}

func (f *future) core() *future { return f }

// Loop is the loop that the future belongs to: get_loop. Any goroutine.
func (f *future) Loop() *Loop { return f.loop }

// Done reports whether there is a result, an error or a cancellation: done.
func (f *future) Done() bool { return f.state != futurePending }

// Cancelled reports whether the future was cancelled: cancelled.
func (f *future) Cancelled() bool { return f.state == futureCancelled }

// Cancel cancels a pending future and reports whether it was pending: cancel.
// The cause, which may be nil, is what the cancellation wraps. The future of a
// Gather passes the request on instead, and ends when its parts have.
func (f *future) Cancel(cause error) bool {
	if f.Done() {
		return false
	}
	if f.rare != nil && f.rare.cancel != nil {
		return f.rare.cancel(cause)
	}
	return f.endCancelled(cancellationOf(cause))
}

// endCancelled ends a pending future as cancelled with err.
func (f *future) endCancelled(err error) bool {
	if f.Done() {
		return false
	}
	f.err = err
	_ = f.finish(futureCancelled) // a closed loop calls nobody
	return true
}

// Err is the future's error: exception. It is nil after a result, a
// cancellation's ErrCancelled, and ErrInvalidState while the future is pending.
func (f *future) Err() error {
	if !f.Done() {
		return ErrInvalidState
	}
	f.retrieved()
	return f.err
}

// String shows the state: repr.
func (f *future) String() string { return f.describe("Future", "") }

func (f *future) describe(kind, name string) string {
	s := "<" + kind + " " + f.state.String() + name
	if f.state == futureFinished && f.err != nil {
		s += fmt.Sprintf(" error=%q", f.err)
	}
	return s + f.made().note() + ">"
}

// finish takes the step out of pending and schedules who waits, in order. On a
// closed loop that fails, and the step is taken all the same.
func (f *future) finish(s futureState) (err error) {
	f.state = s
	first := f.first
	f.first = nil
	if first != nil {
		err = f.loop.follow(first)
	}
	if f.rare != nil {
		err = cmp.Or(err, f.finishMore())
	}
	return err
}

func (f *future) finishMore() (err error) {
	more := f.rare.more
	f.rare.more = nil
	for _, w := range more {
		err = f.loop.follow(w)
	}
	return err
}

// fail ends the future with an error.
func (f *future) fail(err error) error { return f.failAs("", err) }

// failAs is fail for a task of that name, or a future.
func (f *future) failAs(task string, err error) error {
	f.err = err
	if !f.awaited && !f.asked {
		f.watchError(task)
	}
	return f.finish(futureFinished)
}

// whenDone schedules w when the future is done, never synchronously.
func (f *future) whenDone(w follower) error {
	switch {
	case f.Done():
		return f.loop.follow(w)
	case f.first == nil && (f.rare == nil || len(f.rare.more) == 0):
		f.first = w
	default:
		f.seldom().more = append(f.rare.more, w)
	}
	return nil
}

// SetResult ends the future with a result: set_result. On a future that is done
// it fails with ErrInvalidState; with ErrLoopClosed when the future has its
// result but its loop cannot tell anybody. Loop only.
func (f *Future[T]) SetResult(v T) error {
	if err := f.settles(); err != nil {
		return err
	}
	f.value = v
	return f.finish(futureFinished)
}

// SetError ends the future with an error: set_exception. It fails as SetResult
// does, and for nil with an *ArgError. An error that nobody asks for before the
// future is collected goes to the exception handler. Loop only.
func (f *Future[T]) SetError(err error) error {
	if err == nil {
		return badArg("err", "must not be nil")
	}
	if wrong := f.settles(); wrong != nil {
		return wrong
	}
	return f.fail(err)
}

// settles is why the future must not be ended now, or nil.
func (f *future) settles() error {
	if err := f.loop.checkGoroutine(); err != nil {
		return err
	}
	if f.Done() {
		return ErrInvalidState
	}
	return nil
}

// Complete ends the future from any goroutine: SetResult(v), or SetError(err)
// for an error, by way of CallSoonThreadsafe. A future that is done by then
// stays as it is. It fails with ErrLoopClosed.
func (f *Future[T]) Complete(v T, err error) error {
	return f.loop.r.Post(func(any) { f.settle(v, err) }, nil)
}

// settle is SetResult or SetError, unless the future is done.
func (f *Future[T]) settle(v T, err error) {
	if f.Done() {
		return
	}
	if err != nil {
		_ = f.fail(err) // nobody to tell, on a closed loop
		return
	}
	f.value = v
	_ = f.finish(futureFinished)
}

// Result is the result, or what Err says: result.
func (f *Future[T]) Result() (T, error) {
	err := f.Err()
	return f.value, err
}

func (f *Future[T]) boxed() any { return f.value }
