package engine

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"time"
)

// runExecutorTimeout is how long Run waits for the jobs of the default executor:
// asyncio's constant THREAD_JOIN_TIMEOUT.
const runExecutorTimeout = 300 * time.Second

// Run makes a loop, runs main in a task of it, and returns what main returned:
// asyncio.run. The loop is the current one of the calling goroutine meanwhile.
//
// When ctx ends, or at the signal SIGINT, main is cancelled, once, with the
// cause, which is ErrInterrupted for the signal. A second SIGINT does not wait for
// main any more: the error is ErrInterrupted. A third one has its default action.
// A program that ignores SIGINT keeps ignoring it, and main may take the signal
// over by AddSignalHandler.
//
// Before Run returns it cancels all tasks that are left and waits for them,
// closes the generators that are left, waits up to five minutes for the default
// executor, and closes the loop. Errors of the tasks go to the exception handler.
//
// It fails with ErrLoopRunning where a loop runs already, with an *ArgError for a
// nil main, and as NewEventLoop does.
func Run[T any](ctx context.Context, main func(ctx context.Context) (T, error), config Config) (v T, err error) {
	if err := checkFunc(main == nil); err != nil {
		return v, config.discard(err)
	}
	if _, err := RunningLoop(); err == nil {
		return v, config.discard(ErrLoopRunning)
	}
	l, err := NewEventLoop(config)
	if err != nil {
		return v, err
	}
	SetEventLoop(l)
	defer SetEventLoop(nil)
	defer func() {
		if failed := l.shutdown(); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	return runMain(ctx, l, main)
}

// runMain runs the loop for main.
func runMain[T any](ctx context.Context, l *Loop, main func(ctx context.Context) (T, error)) (v T, err error) {
	t := CreateTask(l, main, TaskOptions{Context: context.WithoutCancel(ctx)})
	r := &runner{loop: l, main: t}
	defer r.watch(ctx)()
	v, err = RunUntilDone(l, t)
	if r.interrupts > 1 && !t.Done() {
		err = ErrInterrupted
	}
	return v, err
}

// runner ends main early.
type runner struct {
	loop       *Loop
	main       AnyTask
	cancelled  bool
	interrupts int
}

// watch begins to look out for the end of ctx and for SIGINT, and returns what
// ends that.
func (r *runner) watch(ctx context.Context) (stop func()) {
	release := context.AfterFunc(ctx, func() {
		_ = r.loop.r.Post(func(any) { r.cancel(context.Cause(ctx)) }, nil) // a closed loop has no main
	})
	if signal.Ignored(os.Interrupt) {
		return func() { release() }
	}
	_ = r.loop.AddSignalHandler(os.Interrupt, r.interrupted) // not on systems without signals
	return func() {
		release()
		_, _ = r.loop.RemoveSignalHandler(os.Interrupt) // likewise
	}
}

// cancel cancels main, once.
func (r *runner) cancel(cause error) {
	if !r.cancelled {
		r.cancelled = true
		r.main.Cancel(cause)
	}
}

func (r *runner) interrupted() {
	r.interrupts++
	if r.interrupts > 1 {
		r.loop.Stop()
		return
	}
	r.cancel(ErrInterrupted)
}

// shutdown ends what a main has left, and the loop.
func (l *Loop) shutdown() error { return errors.Join(l.windUp(), l.Close()) }

// windUp ends what a main has left.
func (l *Loop) windUp() error {
	err := errors.Join(l.cancelAll(), l.finishUp())
	if errors.Is(err, ErrLoopDied) {
		return nil // told already
	}
	return err
}

// cancelAll cancels all tasks and runs the loop until they are done.
func (l *Loop) cancelAll() error {
	var left []AnyAwaitable
	for _, t := range AllTasks(l) {
		t.Cancel(nil)
		left = append(left, t)
	}
	if len(left) == 0 {
		return nil
	}
	all := gather(left, true, func([]AnyAwaitable) struct{} { return struct{}{} })
	if _, err := RunUntilDone(l, all); err != nil {
		return err
	}
	for _, t := range left {
		if err := t.Err(); err != nil && !t.Cancelled() {
			l.CallExceptionHandler(ErrorContext{Message: "unhandled exception during Run() shutdown", Err: err, Task: t})
		}
	}
	return nil
}

// finishUp closes generators and the default executor.
func (l *Loop) finishUp() error {
	_, err := RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
		if err := l.ShutdownAsyncGens(ctx); err != nil {
			return struct{}{}, err
		}
		err := l.ShutdownDefaultExecutor(ctx, runExecutorTimeout)
		if errors.Is(err, ErrTimeout) {
			err = nil // is in the log
		}
		return struct{}{}, err
	})
	return err
}
