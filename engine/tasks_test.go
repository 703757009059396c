package engine_test

import (
	"context"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/shardloop/shardloop/engine"
)

// endedTasks makes n tasks, runs them, and tells what they hold.
//
//go:noinline
func endedTasks(t *testing.T, l *engine.Loop, n int) (all []weak.Pointer[[1 << 10]byte]) {
	t.Helper()
	for range n {
		w, fn := held()
		all = append(all, w)
		newTask(l, func(context.Context) error { fn(); return nil }).AddDoneCallback(func(*engine.Task[int]) {
			wantSame(t, "tasks that are done and listed", len(engine.AllTasks(l)) >= n, false)
		})
	}
	wantSame(t, "tasks that are made", len(engine.AllTasks(l)), n)
	turn(t, l)
	wantSame(t, "tasks after their turn", len(engine.AllTasks(l)), 0)
	turn(t, l)
	return all
}

// TestTasksEnd: a task that is done is not listed, and once its turn is over the loop
// does not keep it, however many end together.
func TestTasksEnd(t *testing.T) {
	for _, n := range []int{1, 63, 64, 65, 300} {
		l := newLoop(t)
		waits := newTask(l, func(ctx context.Context) error { return engine.Sleep(ctx, time.Hour) })
		turn(t, l)
		waits.Cancel(nil)
		turn(t, l)
		for _, w := range endedTasks(t, l, n) {
			wantCollected(t, "the loop", w)
		}
		runtime.KeepAlive(l)
	}
}
