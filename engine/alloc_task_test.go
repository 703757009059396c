//go:build !race

package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestAllocationsOfWaits: a task that waits allocates nothing, but for what it
// makes to wait for.
func TestAllocationsOfWaits(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	for _, c := range []struct {
		name string
		want float64
		do   func(ctx context.Context, l *engine.Loop) error
	}{
		{"Sleep 0", 0, func(ctx context.Context, _ *engine.Loop) error { return engine.Sleep(ctx, 0) }},
		{"Sleep", 0, func(ctx context.Context, _ *engine.Loop) error { return engine.Sleep(ctx, time.Microsecond) }},
		{"Await a future", 1, func(ctx context.Context, l *engine.Loop) error {
			f := engine.NewFuture[int](l)
			must(t, l.CallSoonArg(func(f any) { _ = f.(*engine.Future[int]).SetResult(1) }, f))
			_, err := engine.Await(ctx, f)
			return err
		}},
		{"Await what is done", 1, func(ctx context.Context, l *engine.Loop) error {
			f := engine.NewFuture[int](l)
			must(t, f.SetResult(1))
			_, err := engine.Await(ctx, f)
			return err
		}},
		{"Await a task", 1, func(ctx context.Context, l *engine.Loop) error {
			_, err := engine.Await(ctx, engine.CreateTask(l, pausing, engine.TaskOptions{}))
			return err
		}},
		{"Await an eager task", 1, func(ctx context.Context, l *engine.Loop) error {
			_, err := engine.Await(ctx, engine.CreateTask(l, pausing, engine.TaskOptions{Eager: true}))
			return err
		}},
	} {
		l := newLoop(t)
		inTaskOf(t, l, func(ctx context.Context) {
			once := func() { must(t, c.do(ctx, l)) }
			for range 100 {
				once()
			}
			if got := testing.AllocsPerRun(300, once); got != c.want {
				t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
			}
		})
	}
}

// pausing is a coroutine that waits once.
func pausing(ctx context.Context) (int, error) { return 1, engine.Sleep(ctx, 0) }

// TestAllocationsOfTasks: Go allocates nothing, and CreateTask the task, whether
// the coroutine waits or not.
func TestAllocationsOfTasks(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	const calls = 50
	loose := func(ctx context.Context) error { return engine.Sleep(ctx, 0) }
	for _, c := range []struct {
		name string
		want float64 // for each call
		do   func(l *engine.Loop)
	}{
		{"Go", 0, func(l *engine.Loop) { _ = engine.Go(l, func(context.Context) error { return nil }) }},
		{"Go and Sleep", 0, func(l *engine.Loop) { _ = engine.Go(l, loose) }},
		{"CreateTask", 1, func(l *engine.Loop) {
			engine.CreateTask(l, func(context.Context) (int, error) { return 1, nil }, engine.TaskOptions{})
		}},
		{"CreateTask and Sleep", 1, func(l *engine.Loop) { engine.CreateTask(l, pausing, engine.TaskOptions{}) }},
		{"CreateTask, eager", 1, func(l *engine.Loop) { engine.CreateTask(l, pausing, engine.TaskOptions{Eager: true}) }},
	} {
		l := newLoop(t)
		got := everyTurn(t, l, func() {
			for range calls {
				c.do(l)
			}
		})
		if got != c.want*calls {
			t.Errorf("%s: %v allocations in %d calls, want %v each", c.name, got, calls, c.want)
		}
	}
}
