package engine

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"

	"github.com/shardloop/shardloop/engine/internal/coro"
)

// Coro is a coroutine without its type: what a task factory gets.
type Coro func(ctx context.Context) (any, error)

// AnyTask is the untyped face of a task.
type AnyTask interface {
	AnyAwaitable
	// Name is the task's name, "Task-7" unless it was given one.
	Name() string
	// SetName changes the name.
	SetName(name string)
	// Cancelling is how many requests for cancellation are not withdrawn.
	Cancelling() int
	// Uncancel withdraws one and returns how many are left.
	Uncancel() int
	// Context is the context that the task was made with.
	Context() context.Context

	untyped() *task
}

// TaskOptions are the keyword parameters of create_task.
type TaskOptions struct {
	// Name is the task's name; empty is "Task-" and a number that is the
	// process's next.
	Name string

	// Context is the context that the task runs in: its values, and its end, on
	// which every wait of the task ends with its cause. nil is the context of the
	// caller.
	Context context.Context

	// Eager runs the task up to its first wait before CreateTask returns, when
	// the caller is on the running loop.
	Eager bool
}

// Task is a coroutine that runs on its loop, and its result: asyncio's Task. A
// Future's rules hold: it belongs to its loop, and its methods are loop only,
// but for Loop and Context.
//
// The coroutine gets a ctx that names the task. On it Await and the other calls
// that wait suspend the task, and nothing else on the loop waits. The ctx is
// Done when the task's cancellation is requested, when the task has ended, and
// when TaskOptions.Context is; it may be given to other goroutines and to any
// library.
//
// A coroutine that panics fails with a *PanicError, one that calls
// runtime.Goexit with ErrTaskExited. It must not call runtime.LockOSThread,
// which ends the process, nor block: what blocks belongs into RunInExecutor.
type Task[T any] struct{ *task }

// typedTask is a task and all that belongs to it, in one allocation.
type typedTask[T any] struct {
	face  Task[T]
	state task
	value T
	fn    func(context.Context) (T, error)
}

// CreateTask makes a task of fn and schedules its first step as by CallSoon:
// create_task. The task is the one allocation. With a task factory it is what
// the factory makes of fn; see Unwrap. On a closed loop the task is done with
// ErrLoopClosed, and for a nil fn with an *ArgError; fn does not run then. Loop
// only; Submit is for other goroutines.
func CreateTask[T any](l *Loop, fn func(ctx context.Context) (T, error), o TaskOptions) *Task[T] {
	if l.factory != nil && fn != nil && l.r.Refused() == nil {
		return manufacture(l, fn, o)
	}
	return newTask(l, fn, o)
}

// NewTask makes a task without asking the task factory: the class Task, for use
// in factories.
func NewTask(l *Loop, c Coro, o TaskOptions) *Task[any] { return newTask(l, c, o) }

func newTask[T any](l *Loop, fn func(context.Context) (T, error), o TaskOptions) *Task[T] {
	x := &typedTask[T]{fn: fn}
	x.face = Task[T]{&x.state}
	x.state.job = x
	x.state.begin(l, fn == nil, o)
	return &x.face
}

func (x *typedTask[T]) run(ctx context.Context) (err error) {
	fn := x.fn
	x.fn = nil
	x.value, err = fn(ctx)
	return err
}

func (x *typedTask[T]) any() AnyTask { return &x.face }

// Result is what the coroutine returned, or what Err says: result.
func (t *Task[T]) Result() (T, error) {
	err := t.Err()
	return t.value(), err
}

func (t *Task[T]) boxed() any { return t.value() }

// value is where the job has left it, or for a view of what a task factory made,
// the coroutine that the factory got.
func (t *Task[T]) value() (v T) {
	if x, ok := t.job.(*typedTask[T]); ok {
		return x.value
	}
	if t.rare != nil {
		if at, ok := t.rare.view.(*T); ok {
			return *at
		}
	}
	return v
}

// Unwrap is what the task factory made, or the task itself without one.
func (t *Task[T]) Unwrap() AnyTask {
	if t.rare != nil && t.rare.product != nil {
		return t.rare.product
	}
	return t
}

// Go is CreateTask for a coroutine whose result nobody waits for. An error that
// it returns goes to the exception handler at once, unless it is of a
// cancellation. It allocates nothing in the steady state, because the task is
// used again: ctx, and what is derived from it, must not be used after fn has
// returned. It fails with ErrLoopClosed, or with an *ArgError for a nil fn. Loop
// only.
func Go(l *Loop, fn func(ctx context.Context) error) error {
	if err := checkFunc(fn == nil); err != nil {
		return err
	}
	if l.factory != nil && l.r.Refused() == nil {
		return manufactureLoose(l, fn)
	}
	g := l.looseTask()
	g.fn = fn
	g.state.begin(l, false, TaskOptions{})
	if g.state.Done() {
		return g.state.Err()
	}
	return nil
}

// looseTask is a task that nobody has a handle of.
type looseTask struct {
	face  Task[struct{}]
	state task
	fn    func(context.Context) error
	next  *looseTask // among the loop's free ones
}

// looseTask takes a free task, or makes one.
func (l *Loop) looseTask() *looseTask {
	g := l.loose
	if g == nil {
		g = &looseTask{}
	}
	l.loose, g.next = g.next, nil
	g.face = Task[struct{}]{&g.state}
	g.state.job = g
	return g
}

func (g *looseTask) run(ctx context.Context) error { return g.fn(ctx) }

func (g *looseTask) any() AnyTask { return &g.face }

// job is what a task runs.
type job interface {
	run(ctx context.Context) error
	any() AnyTask // the task as its users see it
}

// task is what tasks of all types have in common. It belongs to its loop.
//
//	         first step          Await
//	created -----------> running ------> waiting
//	   |                  |   ^             |
//	   |                  |   +- it is done-+
//	   |                  v
//	   +--- Cancel ----> done
//
// A step is one run of the coroutine between two waits. Exactly one step is
// scheduled or under way, or the task waits for exactly one thing, which
// schedules the next step when it is done.
//
// Most tasks have one coroutine. One that iterates over an AsyncGen runs a
// second on top of it, and so on; a step resumes the root, and the one on top
// suspends.
type task struct {
	future
	root *coro.Coro // nil before the first step

	// home is the identity of the goroutine on which the task may wait: that of
	// top(), 0 before the first step, and nowhere after the end.
	home  atomic.Uintptr
	cut   *cut        // what may end the present wait before its time; nil for most
	waits uint32      // counts them
	seen  atomic.Bool // somebody was given the task

	waiting waiter // what the task waits for
	job     job
	base    context.Context            // what it was made with
	own     atomic.Pointer[ownContext] // see taskContext

	order  uint32 // among the loop's tasks
	place  int32  // in the loop's list of them
	number uint64 // of its name; 0 for one that has another, or none yet
}

// nowhere is no goroutine's identity.
const nowhere = ^uintptr(0)

// waiter is what a task waits for.
type waiter interface {
	// Cancel asks for an early end and reports whether that was in time. The
	// task's next step is scheduled by the waiter in any case.
	Cancel(cause error) bool
	// Cancelled reports whether it ended by that.
	Cancelled() bool
}

// begin schedules the first step.
func (t *task) begin(l *Loop, missing bool, o TaskOptions) {
	t.loop = l
	if err := t.prepare(missing, o); err != nil {
		_ = t.failAs(t.Name(), err) // the loop may be closed
		return
	}
	l.tasks.add(t)
	if o.Eager && l.onLoop() && l.IsRunning() {
		l.eager++
		stepTask(t)
		l.eager--
		return
	}
	if err := l.r.Soon(stepTask, t); err != nil {
		l.tasks.remove(t)
		_ = t.failAs(t.Name(), err)
	}
}

func (t *task) prepare(missing bool, o TaskOptions) error {
	t.born()
	if o.Name != "" {
		t.seldom().name = o.Name
	} else if _, loose := t.job.(*looseTask); !loose {
		t.number = taskNumbers.Add(1)
	}
	if err := cmp.Or(checkFunc(missing), t.loop.checkGoroutine()); err != nil {
		t.base = t.loop.base
		return err
	}
	t.order = t.loop.tasks.order()
	t.base = t.loop.contextOr(o.Context)
	t.bounded = t.base.Done() != nil
	return t.loop.r.Refused()
}

func (t *task) untyped() *task { return t }

// taskNumbers is the process's count of tasks without a name.
var taskNumbers atomic.Uint64

// Name is the task's name: get_name. A task of Go gets its number when somebody
// asks. Loop only.
func (t *task) Name() string {
	if t.rare != nil && t.rare.name != "" {
		return t.rare.name
	}
	if t.number == 0 {
		t.number = taskNumbers.Add(1)
	}
	return fmt.Sprintf("Task-%d", t.number)
}

// SetName changes the task's name: set_name. Loop only.
func (t *task) SetName(name string) { t.seldom().name = name }

// Context is the context that the task was made with: get_context. Callbacks
// and tasks that the task makes inherit it. Any goroutine.
func (t *task) Context() context.Context { return t.base }

// String shows the state and the name: repr.
func (t *task) String() string { return t.describe("Task", fmt.Sprintf(" name=%q", t.Name())) }
