package engine_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

const neverRetrieved = "Future exception was never retrieved"

// lose makes a future, lets use end it, and drops it. It returns when the
// collector has found it.
func lose(t *testing.T, l *engine.Loop, use func(f *engine.Future[int])) {
	t.Helper()
	var gone atomic.Bool
	func() {
		f := engine.NewFuture[int](l)
		runtime.AddCleanup(f, func(gone *atomic.Bool) { gone.Store(true) }, &gone)
		use(f)
	}()
	collectUntil(t, l, gone.Load)
}

// fails ends a future with an error.
func fails(f *engine.Future[int]) { _ = f.SetError(errFails) }

func TestUnretrieved(t *testing.T) {
	prove(t, "FUT-16", func(t *testing.T) {
		l, _ := simLoop(t)
		told := reported(l)
		lose(t, l, fails)
		collectUntil(t, l, func() bool { return len(*told) > 0 })
		r := (*told)[0]
		wantReports(t, *told, neverRetrieved)
		wantErr(t, "the error", r.Err, errFails)
		wantSame(t, "the traceback", r.SourceTraceback, "")
		if r.Future == nil || !r.Future.Done() || r.Future.Err() != errFails || r.Future.Loop() != l {
			t.Errorf("the future is %v", r.Future)
		}
		l.SetDebug(true)
		lose(t, l, fails)
		collectUntil(t, l, func() bool { return len(*told) > 1 })
		wantText(t, "traceback", (*told)[1].SourceTraceback, `(?s).*conform_fut_unretrieved_test\.go.*`)
	})
	prove(t, "FUT-17", testRetrieved)
	prove(t, "FUT-41", testPendingAtClose)
}

// testRetrieved: an error that somebody asked for is not reported, nor is a
// cancellation.
func testRetrieved(t *testing.T) {
	l, _ := simLoop(t)
	told := reported(l)
	for _, use := range []func(f *engine.Future[int]){
		func(f *engine.Future[int]) { fails(f); _, _ = f.Result() },
		func(f *engine.Future[int]) { fails(f); _ = f.Err() },
		func(f *engine.Future[int]) { f.Cancel(errReason) },
		func(f *engine.Future[int]) { _ = f.SetResult(1) },
		func(f *engine.Future[int]) { f.AddDoneCallback(func(f *engine.Future[int]) { _ = f.Err() }); fails(f) },
		func(f *engine.Future[int]) {
			newTask(l, func(ctx context.Context) error { _, _ = engine.Await(ctx, f); return nil })
			turn(t, l)
			fails(f)
		},
		func(f *engine.Future[int]) { fails(f); engine.GatherResults(f) },
		func(f *engine.Future[int]) { fails(f); _, _ = engine.Shield(f).Result() },
		func(f *engine.Future[int]) { fails(f); _, _ = engine.RunUntilDone(l, f) },
	} {
		lose(t, l, use)
	}
	wantReports(t, *told)
	lose(t, l, fails)
	collectUntil(t, l, func() bool { return len(*told) > 0 })
	wantReports(t, *told, neverRetrieved)
}

// testPendingAtClose: a task that the loop's end leaves is reported, whether it
// had begun or not, and sees why.
func testPendingAtClose(t *testing.T) {
	c := newChronicle(t)
	told := reported(c.l)
	f := engine.NewFuture[int](c.l)
	begun := c.awaits("begun", f)
	c.turns(1)
	fresh := c.awaits("fresh", f)
	must(t, c.l.Close())
	c.want(t, "1 begun gets "+engine.ErrLoopClosed.Error())
	const message = "Task was destroyed but it is pending!"
	wantReports(t, *told, message, message)
	for i, task := range []*engine.Task[int]{begun, fresh} {
		wantFailed(t, task, engine.ErrLoopClosed)
		if (*told)[i].Task != engine.AnyAwaitable(task) {
			t.Errorf("report %d is of %v, want %v", i, (*told)[i].Task, task)
		}
	}
	wantPending(t, f)
	wantSame(t, "AllTasks", len(engine.AllTasks(c.l)), 0)
}
