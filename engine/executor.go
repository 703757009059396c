package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// executors holds a loop's default executor, and the one of its lookups, which is
// as large: jobs that take long must not keep connections from being made.
// ShutdownDefaultExecutor shuts the door of both for good: a new default executor
// does not open it again.
type executors struct {
	mu    sync.Mutex
	def   *WorkerPool // guarded by mu
	names *WorkerPool // guarded by mu
	shut  bool        // guarded by mu
}

// pick returns the executor to use for ex, where nil is the default one.
func (e *executors) pick(ex Executor) (Executor, error) {
	if ex != nil {
		return ex, nil
	}
	return e.open(&e.def)
}

// open returns one of the pools, made when it is needed.
func (e *executors) open(pool **WorkerPool) (*WorkerPool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return nil, ErrExecutorShutdown
	}
	if *pool == nil {
		*pool, _ = NewWorkerPool(0) // 0 is valid
	}
	return *pool, nil
}

// lookups is the executor of lookups.
type lookups struct{ e *executors }

// Submit implements Executor.
func (x lookups) Submit(job func()) error {
	p, err := x.e.open(&x.e.names)
	if err != nil {
		return err
	}
	return p.Submit(job)
}

// refusal is ErrExecutorShutdown behind the door.
func (e *executors) refusal() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return ErrExecutorShutdown
	}
	return nil
}

// end shuts the door and returns the pools behind it.
func (e *executors) end() (pools []*WorkerPool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shut = true
	for _, p := range []*WorkerPool{e.def, e.names} {
		if p != nil {
			pools = append(pools, p)
		}
	}
	return pools
}

// close tells the pools to stop and does not wait.
func (e *executors) close() {
	for _, p := range e.end() {
		_ = p.Shutdown(expired) // the wait is given up before it begins
	}
}

// expired is a context that is done.
var expired = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// SetDefaultExecutor sets the pool that RunInExecutor uses for a nil executor:
// set_default_executor. The loop shuts it down with ShutdownDefaultExecutor and
// Close. It fails with an *ArgError for nil. Loop only.
func (l *Loop) SetDefaultExecutor(p *WorkerPool) error {
	if p == nil || p.limit == 0 {
		return badArg("p", "must be made by NewWorkerPool")
	}
	if err := l.checkGoroutine(); err != nil {
		return err
	}
	l.executors.mu.Lock()
	defer l.executors.mu.Unlock()
	l.executors.def = p
	return nil
}

// NoTimeout makes ShutdownDefaultExecutor wait without a limit: timeout=None.
const NoTimeout time.Duration = -1

// ShutdownDefaultExecutor refuses further jobs for the default executor, lookups
// of names included, for good, and waits until those that were submitted have run:
// shutdown_default_executor. After timeout it logs a warning, leaves the jobs to
// themselves and fails with ErrTimeout; 0 does not wait, NoTimeout waits without
// a limit. It also ends when ctx does, with its cause. In a task it suspends the
// task; in a bare callback it is ErrNotInTask. Elsewhere it blocks the calling
// goroutine, and the loop need not run.
func (l *Loop) ShutdownDefaultExecutor(ctx context.Context, timeout time.Duration) error {
	t, here := taskHere(ctx)
	if _, err := RunningLoop(); err == nil && !here {
		return ErrNotInTask
	}
	pools := l.executors.end()
	if len(pools) == 0 {
		return nil
	}
	if !here {
		return l.awaitExecutors(ctx, pools, timeout)
	}
	f := NewFuture[struct{}](t.loop)
	go func() { _ = f.Complete(struct{}{}, l.awaitExecutors(ctx, pools, timeout)) }() // a closed loop has no waits
	_, err := Await(ctx, f)
	return err
}

func (l *Loop) awaitExecutors(ctx context.Context, pools []*WorkerPool, timeout time.Duration) (err error) {
	if timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, ErrTimeout)
		defer cancel()
	}
	for _, p := range pools {
		err = cmp.Or(err, p.Shutdown(ctx))
	}
	if errors.Is(err, ErrTimeout) {
		l.log.Warn(fmt.Sprintf("The default executor did not finish its jobs within %v", timeout))
	}
	return err
}

// executorJob is a call on its way through an executor. Whoever takes it first has it:
// the worker, or the cancellation of its future.
type executorJob[T any] struct {
	future *Future[T]
	fn     func() (T, error)
	taken  atomic.Bool
	value  T
	err    error
}

// RunInExecutor runs fn on an executor, nil the loop's default one, and returns
// a future of what it returns: run_in_executor. A panic of fn is a *PanicError.
// Cancelling the future keeps fn from running if it has not begun; otherwise its
// result is dropped. On a closed loop, or when the executor refuses, the future
// is done at once with ErrLoopClosed, ErrExecutorShutdown or the executor's
// error. fn does not run in the caller's context. Loop only.
func RunInExecutor[T any](l *Loop, ex Executor, fn func() (T, error)) *Future[T] {
	f := NewFuture[T](l)
	if err := submitJob(l, ex, &executorJob[T]{future: f, fn: fn}); err != nil {
		_ = f.fail(err) // nobody waits yet
	}
	return f
}

func submitJob[T any](l *Loop, ex Executor, j *executorJob[T]) error {
	if err := checkFunc(j.fn == nil); err != nil {
		return err
	}
	if err := l.checkGoroutine(); err != nil {
		return err
	}
	if err := l.r.Refused(); err != nil {
		return err
	}
	ex, err := l.executors.pick(ex)
	if err != nil {
		return err
	}
	j.future.seldom().cancel = j.cancel
	return ex.Submit(j.run)
}

// cancel keeps the job from running, if it has not begun.
func (j *executorJob[T]) cancel(cause error) bool {
	j.taken.Store(true)
	return j.future.endCancelled(cancellationOf(cause))
}

// run is the job on the executor's side.
func (j *executorJob[T]) run() {
	if j.taken.Swap(true) {
		return
	}
	j.err = errJobExited
	defer func() {
		if v := recover(); v != nil {
			j.err = panicError(v)
		}
		_ = j.future.loop.r.Post(deliver[T], j) // a closed loop drops the result
	}()
	j.value, j.err = j.fn()
}

// errJobExited is what a job leaves that ends its goroutine.
var errJobExited = errors.New("the job ended its goroutine by runtime.Goexit")

// deliver is the job back on the loop.
func deliver[T any](arg any) {
	j := arg.(*executorJob[T])
	j.future.settle(j.value, j.err)
}
