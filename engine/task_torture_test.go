package engine_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// inTaskOf runs fn in a task of l until it returns.
func inTaskOf(t testing.TB, l *engine.Loop, fn func(ctx context.Context)) {
	t.Helper()
	_, err := engine.RunUntilComplete(l, func(ctx context.Context) (int, error) { fn(ctx); return 0, nil })
	must(t, err)
}

// taskGroup are goroutines that a task has started, like those of an errgroup.
type taskGroup struct {
	left atomic.Int64
	all  *engine.Future[int]
}

// start starts fn on a goroutine. The last one to return ends all.
func (h *taskGroup) start(t testing.TB, fn func() error) {
	h.left.Add(1)
	go func() {
		must(t, fn())
		h.end(t)
	}()
}

func (h *taskGroup) end(t testing.TB) {
	if h.left.Add(-1) == 0 {
		must(t, h.all.Complete(1, nil))
	}
}

// TestTaskTortureGroups: goroutines that a task starts use its ctx in every way
// at once while the task itself waits, round after round.
func TestTaskTortureGroups(t *testing.T) {
	l := newLoop(t)
	inTaskOf(t, l, func(ctx context.Context) {
		for range 1000 {
			tortureRound(t, ctx, l)
		}
	})
}

func tortureRound(t *testing.T, ctx context.Context, l *engine.Loop) {
	h := taskGroup{all: engine.NewFuture[int](l)}
	h.left.Store(1)
	f := engine.NewFuture[int](l)
	child := engine.CreateTask(l, func(ctx context.Context) (int, error) { return 1, engine.Sleep(ctx, 0) }, engine.TaskOptions{})
	h.start(t, func() error { _, err := engine.Await(ctx, f); return err })
	h.start(t, func() error { _, err := engine.Await(ctx, child); return err })
	h.start(t, func() error { return engine.Sleep(ctx, 1) })
	h.start(t, func() error {
		_, err := l.CallSoonThreadsafe(func() { must(t, f.SetResult(1)) })
		return err
	})
	h.start(t, func() error {
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		_, err := engine.Submit(l, func(context.Context) (int, error) { return 1, derived.Err() }).Wait(derived)
		return err
	})
	must(t, engine.Sleep(ctx, 1))
	h.end(t)
	v, err := engine.Await(ctx, h.all)
	if err != nil || v != 1 {
		t.Fatalf("the group ended with %d, %v", v, err)
	}
}

// TestTaskTortureEnds: a hundred tasks panic and a hundred exit, at once or
// after a wait, watched or not; the loop goes on, and no goroutine is left.
func TestTaskTortureEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	l := newLoop(t)
	var told atomic.Int64
	l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) { told.Add(1) })
	inTaskOf(t, l, func(ctx context.Context) {
		for i := range 100 {
			wantTaskEnd(t, ctx, l, i, func() { panic(errBroken) }, errBroken)
			wantTaskEnd(t, ctx, l, i, goexit, engine.ErrTaskExited)
		}
		must(t, engine.Sleep(ctx, 0))
	})
	if n := told.Load(); n != 100 {
		t.Errorf("the handler was told of %d errors that nobody waits for, want 100", n)
	}
	turn(t, l)
	must(t, l.Close())
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
}

// wantTaskEnd runs last as the last thing of a task; i decides in which way.
func wantTaskEnd(t *testing.T, ctx context.Context, l *engine.Loop, i int, last func(), want error) {
	body := func(ctx context.Context) error {
		if i%4 >= 2 {
			must(t, engine.Sleep(ctx, 0))
		}
		defer func() { _ = ctx.Err() }()
		last()
		return nil
	}
	if i%2 == 0 {
		must(t, engine.Go(l, body))
		return
	}
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) { return 0, body(ctx) }, engine.TaskOptions{Eager: i%8 == 1})
	_, err := engine.Await(ctx, task)
	wantErr(t, "Await", err, want)
	if p := new(engine.PanicError); want == errBroken && (!errors.As(err, &p) || len(p.Stack) == 0) {
		t.Errorf("%v is no panic with a stack", err)
	}
}

// TestTaskTortureParked: a hundred thousand tasks wait through collections, and
// then all of them end.
func TestTaskTortureParked(t *testing.T) {
	const many = 100_000
	l := newLoop(t)
	gate := engine.NewFuture[int](l)
	sum := 0
	inTaskOf(t, l, func(ctx context.Context) {
		tasks := make([]*engine.Task[int], many)
		for i := range tasks {
			tasks[i] = engine.CreateTask(l, func(ctx context.Context) (int, error) {
				must(t, engine.Sleep(ctx, 0))
				return engine.Await(ctx, engine.Shield(gate))
			}, engine.TaskOptions{})
		}
		for range 3 {
			must(t, engine.Sleep(ctx, 0))
			runtime.GC()
		}
		must(t, gate.SetResult(1))
		for _, task := range tasks {
			v, err := engine.Await(ctx, task)
			must(t, err)
			sum += v
		}
	})
	if n := len(engine.AllTasks(l)); sum != many || n != 0 {
		t.Errorf("%d of %d tasks ended, %d are left", sum, many, n)
	}
}
