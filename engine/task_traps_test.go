package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// nobodysCtx is the ctx of nobody.
var nobodysCtx = context.Background()

// waitingCalls are the calls that wait, each with what it waits for on l.
func waitingCalls(l *engine.Loop) map[string]func(ctx context.Context) error {
	pending := engine.NewFuture[int](l)
	gen := engine.NewAsyncGen(l, func(ctx context.Context, yield func(int) bool) error { return nil })
	return map[string]func(ctx context.Context) error{
		"Await":             func(ctx context.Context) error { _, err := engine.Await(ctx, pending); return err },
		"WaitFor":           func(ctx context.Context) error { _, err := engine.WaitFor(ctx, pending, time.Hour); return err },
		"Gather":            func(ctx context.Context) error { _, err := engine.Await(ctx, engine.Gather(pending)); return err },
		"AsyncGen.Next":     func(ctx context.Context) error { _, err := gen.Next(ctx); return err },
		"AsyncGen.Close":    gen.Close,
		"ShutdownAsyncGens": l.ShutdownAsyncGens,
	}
}

// TestTrapAwaitInCallback: a bare callback cannot wait, whatever its ctx.
func TestTrapAwaitInCallback(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	onLoop(t, l, func() {
		for name, call := range waitingCalls(l) {
			wantErr(t, name, call(nobodysCtx), engine.ErrNotInTask)
		}
		wantErr(t, "Sleep", engine.Sleep(nobodysCtx, time.Hour), engine.ErrNotInTask)
		wantErr(t, "Sleep", engine.Sleep(nobodysCtx, 0), engine.ErrNotInTask)
		wantErr(t, "ShutdownDefaultExecutor", l.ShutdownDefaultExecutor(nobodysCtx, 0), engine.ErrNotInTask)
	})
}

// TestTrapLoopNotRunning: a goroutine does not wait for a loop that nobody runs.
func TestTrapLoopNotRunning(t *testing.T) {
	l := newLoop(t)
	turn(t, l)
	for name, call := range waitingCalls(l) {
		wantErr(t, name, call(nobodysCtx), engine.ErrLoopNotRunning)
	}
}

// TestTrapLoopClosed: nor for one that is closed.
func TestTrapLoopClosed(t *testing.T) {
	l := newLoop(t)
	must(t, l.Close())
	for name, call := range waitingCalls(l) {
		wantErr(t, name, call(nobodysCtx), engine.ErrLoopClosed)
	}
	_, err := engine.Submit(l, func(context.Context) (int, error) { return 0, nil }).Wait(nobodysCtx)
	wantErr(t, "Submit", err, engine.ErrLoopClosed)
}

// TestTrapAwaitSelf: a task that awaits itself is told so.
func TestTrapAwaitSelf(t *testing.T) {
	l := newLoop(t)
	var self *engine.Task[int]
	self = engine.CreateTask(l, func(ctx context.Context) (int, error) { return engine.Await(ctx, self) }, engine.TaskOptions{})
	_, err := engine.RunUntilDone(l, self)
	wantErr(t, "Await", err, engine.ErrAwaitSelf)
}

// TestTrapForeignCtx: a task cannot wait with the ctx of another one, which
// would suspend neither.
func TestTrapForeignCtx(t *testing.T) {
	l := newLoop(t)
	inTaskOf(t, l, func(theirs context.Context) {
		task := engine.CreateTask(l, func(context.Context) (int, error) {
			for name, call := range waitingCalls(l) {
				wantErr(t, name, call(theirs), engine.ErrNotInTask)
			}
			return 0, engine.Sleep(theirs, 0)
		}, engine.TaskOptions{})
		_, err := engine.Await(theirs, task)
		wantErr(t, "Sleep", err, engine.ErrNotInTask)
	})
}

// TestTrapForeignLoop: a future of another loop is refused, and Bridge carries
// it over.
func TestTrapForeignLoop(t *testing.T) {
	l, other := newLoop(t), newLoop(t)
	start(t, other)
	f := engine.NewFuture[int](other)
	inTaskOf(t, l, func(ctx context.Context) {
		_, err := engine.Await(ctx, f)
		wantErr(t, "Await", err, engine.ErrForeignLoop)
		bridge := engine.Bridge(l, f)
		must(t, f.Complete(7, nil))
		if v, err := engine.Await(ctx, bridge); v != 7 || err != nil {
			t.Errorf("over the bridge came %d, %v", v, err)
		}
	})
}

// TestTrapWaitInCallback: a callback cannot wait for a ConcurrentFuture, a task
// can.
func TestTrapWaitInCallback(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	f := engine.Submit(l, func(ctx context.Context) (int, error) { return 7, engine.Sleep(ctx, 0) })
	onLoop(t, l, func() {
		_, err := f.Wait(nobodysCtx)
		wantErr(t, "Wait", err, engine.ErrNotInTask)
	})
	v, err := engine.Submit(l, func(ctx context.Context) (int, error) { return f.Wait(ctx) }).Wait(nobodysCtx)
	if v != 7 || err != nil {
		t.Errorf("Wait in a task: %d, %v", v, err)
	}
}

// TestTrapRunInTask: a task cannot run or close a loop, be it its own or, for
// running, another one.
func TestTrapRunInTask(t *testing.T) {
	l, other := newLoop(t), newLoop(t)
	nothing := func(context.Context) (int, error) { return 0, nil }
	inTaskOf(t, l, func(ctx context.Context) {
		for _, of := range []*engine.Loop{l, other} {
			wantErr(t, "RunForever", of.RunForever(), engine.ErrLoopRunning)
			_, err := engine.RunUntilComplete(of, nothing)
			wantErr(t, "RunUntilComplete", err, engine.ErrLoopRunning)
			_, err = engine.RunUntilDone(of, engine.NewFuture[int](of))
			wantErr(t, "RunUntilDone", err, engine.ErrLoopRunning)
		}
		_, err := engine.Run(ctx, nothing, engine.Config{})
		wantErr(t, "Run", err, engine.ErrLoopRunning)
		wantErr(t, "Start", l.Start(), engine.ErrLoopRunning)
		wantErr(t, "Close", l.Close(), engine.ErrLoopRunning)
		must(t, engine.Sleep(ctx, 0))
	})
}

// TestTrapBlocking: a task that blocks its goroutine blocks the loop: nothing
// else runs, and debug mode logs the step. What blocks in an executor does not.
func TestTrapBlocking(t *testing.T) {
	l, log := logged(t, engine.Config{Debug: true})
	l.SetSlowCallbackDuration(time.Nanosecond)
	var other atomic.Bool
	inTaskOf(t, l, func(ctx context.Context) {
		l.CallSoon(func() { other.Store(true) })
		posted := make(chan struct{})
		go func() { defer close(posted); _, _ = l.CallSoonThreadsafe(func() { other.Store(true) }) }()
		<-posted // blocks the loop
		if other.Load() {
			t.Error("the loop went on while a task blocked it")
		}
		release := make(chan struct{})
		l.CallSoon(func() { close(release) })
		job := engine.RunInExecutor(l, nil, func() (int, error) { <-release; return 7, nil })
		if v, err := engine.Await(ctx, job); v != 7 || err != nil {
			t.Errorf("the job: %d, %v", v, err)
		}
	})
	said := func(r record) bool { return strings.Contains(r.text, "Executing <Task") }
	if list := log.take(); !containsRecord(list, said) {
		t.Errorf("no record of the blocked step in %v", list)
	}
}

func containsRecord(list []record, is func(record) bool) bool {
	for _, r := range list {
		if is(r) {
			return true
		}
	}
	return false
}

// TestTrapLockOSThread: a task that locks its thread ends the process.
func TestTrapLockOSThread(t *testing.T) {
	wantLockDeath(t, "free")
	wantLockDeath(t, "locked")
}

// TestTrapCtxOfGo: the ctx of Go is over when its function has returned: it is
// Done for those that asked, and no wait with it suspends another task.
func TestTrapCtxOfGo(t *testing.T) {
	l := newLoop(t)
	var kept, unasked context.Context
	inTaskOf(t, l, func(ctx context.Context) {
		must(t, engine.Go(l, func(ctx context.Context) error { kept = ctx; _ = ctx.Done(); return nil }))
		must(t, engine.Go(l, func(ctx context.Context) error { unasked = ctx; return nil }))
		must(t, engine.Sleep(ctx, 0))
		must(t, engine.Sleep(ctx, 0))
		if !errors.Is(context.Cause(kept), engine.ErrTaskEnded) {
			t.Errorf("the cause is %v", context.Cause(kept))
		}
		for _, over := range []context.Context{kept, unasked} {
			wantErr(t, "Sleep", engine.Sleep(over, 0), engine.ErrNotInTask)
		}
	})
}

// TestTrapCtxAfterEnd: the ctx of a task that has ended is Done, and suspends
// nobody.
func TestTrapCtxAfterEnd(t *testing.T) {
	l := newLoop(t)
	var over context.Context
	inTaskOf(t, l, func(ctx context.Context) { over = ctx })
	select {
	case <-over.Done():
		wantErr(t, "Err", over.Err(), context.Canceled)
	default:
		t.Error("it is not Done")
	}
	inTaskOf(t, l, func(context.Context) { wantErr(t, "Sleep", engine.Sleep(over, 0), engine.ErrNotInTask) })
	if engine.Sleep(over, time.Hour) == nil {
		t.Error("another goroutine slept with it")
	}
}

// TestTrapIgnoringTheEnd: a task that goes on after ErrLoopClosed is ended by
// force after 1,000 waits, its deferred calls included, and Close returns.
func TestTrapIgnoringTheEnd(t *testing.T) {
	l := newLoop(t)
	l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
	refused, deferred := 0, false
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) {
		defer func() { deferred = true }()
		for {
			if engine.Sleep(ctx, time.Hour) != nil {
				refused++
			}
		}
	}, engine.TaskOptions{})
	turn(t, l)
	must(t, l.Close())
	if wantErr(t, "the task", task.Err(), engine.ErrTaskExited); !deferred {
		t.Error("the deferred call did not run")
	}
	if refused < 900 || refused > 1000 {
		t.Errorf("it was refused %d times", refused)
	}
}

// TestTrapsAreDocumented: docs/tasks.md names every trap's test, and no test
// that is not there.
func TestTrapsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "tasks.md"))
	must(t, err)
	files, err := filepath.Glob("task_*_test.go")
	must(t, err)
	var source strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		must(t, err)
		source.Write(text)
	}
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w*`).FindAllString(string(page), -1) {
		if !strings.Contains(source.String(), "func "+name+"(t *testing.T)") {
			t.Errorf("the page names %s, which there is not", name)
		}
	}
	for _, m := range regexp.MustCompile(`func (TestTrap[A-Z]\w*)`).FindAllStringSubmatch(source.String(), -1) {
		if !strings.Contains(string(page), "`"+m[1]+"`") {
			t.Errorf("the page does not name %s", m[1])
		}
	}
}
