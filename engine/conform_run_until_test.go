package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// noValue is the result of coroutines that have none.
type noValue = struct{}

// reports collects what the loop's exception handler is told.
func reports(l *engine.Loop) *[]engine.ErrorContext {
	told := &[]engine.ErrorContext{}
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { *told = append(*told, c) })
	return told
}

func TestRunUntilComplete(t *testing.T) {
	prove(t, "RUN-02", func(t *testing.T) {
		l := newLoop(t)
		var task engine.AnyTask
		got, err := engine.RunUntilComplete(l, func(ctx context.Context) (string, error) {
			task = engine.CurrentTask(ctx)
			return "done", engine.Sleep(ctx, 0)
		})
		if got != "done" || err != nil {
			t.Errorf("RunUntilComplete = %q, %v", got, err)
		}
		if task == nil || task.Loop() != l || !task.Done() {
			t.Errorf("the coroutine ran in %v", task)
		}
		testDoneAlready(t, l)
	})
	prove(t, "RUN-29", testGoexitInCoroutine)
	prove(t, "RUN-22", testCallsAfterClose)
}

// testDoneAlready: what is done takes one turn, which runs what was ready.
func testDoneAlready(t *testing.T, l *engine.Loop) {
	t.Helper()
	var j journal
	f := engine.NewFuture[int](l)
	must(t, f.SetResult(7))
	l.CallSoon(func() { j.add("first turn"); l.CallSoon(j.adds("second turn")) })
	if got, err := engine.RunUntilDone(l, f); got != 7 || err != nil {
		t.Errorf("RunUntilDone of what is done = %d, %v", got, err)
	}
	j.want(t, "first turn")
	turn(t, l)
	j.want(t, "second turn")
}

// testGoexitInCoroutine: the coroutine's end by Goexit is told once, by the
// result, and stops no later run.
func testGoexitInCoroutine(t *testing.T) {
	l := newLoop(t)
	told := reports(l)
	_, err := engine.RunUntilComplete(l, func(context.Context) (int, error) { goexit(); return 0, nil })
	if err != engine.ErrTaskExited {
		t.Errorf("a coroutine that exits: %v", err)
	}
	var p *engine.PanicError
	_, err = engine.RunUntilComplete(l, func(context.Context) (int, error) { panic("broken") })
	if !errors.As(err, &p) || p.Value != "broken" {
		t.Errorf("a coroutine that panics: %v", err)
	}
	var j journal
	l.CallSoon(func() { l.CallSoon(func() { j.add("second turn"); l.Stop() }) })
	run(t, l)
	j.want(t, "second turn")
	if len(*told) != 0 {
		t.Errorf("the handler was told of %v", *told)
	}
}

// testCallsAfterClose has every call that schedules something.
func testCallsAfterClose(t *testing.T) {
	l := newLoop(t)
	r, _ := pipe(t)
	fd, err := engine.FDOf(r)
	must(t, err)
	f := engine.NewFuture[int](l)
	must(t, l.Close())
	coroutine := func(context.Context) (int, error) { t.Error("a coroutine ran"); return 0, nil }
	_, threadsafe := l.CallSoonThreadsafe(nop)
	_, complete := engine.RunUntilComplete(l, coroutine)
	_, done := engine.RunUntilDone(l, f)
	_, submitted := engine.Submit(l, coroutine).Result()
	for name, err := range map[string]error{
		"CallSoon":           l.CallSoon(nop).Err(),
		"CallSoonThreadsafe": threadsafe,
		"CallLater":          l.CallLater(0, nop).Err(),
		"CallAt":             l.CallAt(0, nop).Err(),
		"CreateTask":         engine.CreateTask(l, coroutine, engine.TaskOptions{}).Err(),
		"CreateTask, eager":  engine.CreateTask(l, coroutine, engine.TaskOptions{Eager: true}).Err(),
		"Go":                 engine.Go(l, func(context.Context) error { t.Error("it ran"); return nil }),
		"Submit":             submitted,
		"RunForever":         l.RunForever(),
		"RunUntilComplete":   complete,
		"RunUntilDone":       done,
		"RunInExecutor":      engine.RunInExecutor(l, nil, func() (int, error) { return 0, nil }).Err(),
		"AddReader":          l.AddReader(fd, nop),
		"AddWriter":          l.AddWriter(fd, nop),
		"AddSignalHandler":   l.AddSignalHandler(testSignal, nop),
		"ShutdownAsyncGens":  l.ShutdownAsyncGens(context.Background()),
	} {
		wantErr(t, name+" after Close", err, engine.ErrLoopClosed)
	}
}

// TestRunUntilCompleteRefused has the runs that never begin.
func TestRunUntilCompleteRefused(t *testing.T) {
	ran := func(context.Context) (int, error) { t.Error("the coroutine ran"); return 0, nil }
	t.Run("nil", func(t *testing.T) {
		l := newLoop(t)
		_, err := engine.RunUntilComplete[int](l, nil)
		wantErr(t, "RunUntilComplete(nil)", err, engine.ErrInvalidArgument)
	})
	t.Run("nested", func(t *testing.T) {
		l, other := newLoop(t), newLoop(t)
		for _, l2 := range []*engine.Loop{l, other} {
			_, err := engine.RunUntilComplete(l, func(ctx context.Context) (int, error) {
				_, err := engine.RunUntilComplete(l2, ran)
				wantErr(t, "RunUntilComplete in a task", err, engine.ErrLoopRunning)
				_, err = engine.RunUntilDone(l2, engine.NewFuture[int](l2))
				wantErr(t, "RunUntilDone in a task", err, engine.ErrLoopRunning)
				return 0, l2.RunForever()
			})
			wantErr(t, "RunForever in a task", err, engine.ErrLoopRunning)
			if n := len(engine.AllTasks(l2)); n != 0 {
				t.Errorf("the refused run left %d tasks", n)
			}
		}
	})
}

// TestRunUntilCompleteEnds has the ends that are no results.
func TestRunUntilCompleteEnds(t *testing.T) {
	t.Run("error", func(t *testing.T) {
		l := newLoop(t)
		told, broken := reports(l), errors.New("broken")
		_, err := engine.RunUntilComplete(l, func(context.Context) (int, error) { return 0, broken })
		if err != broken || len(*told) != 0 {
			t.Errorf("the error is %v, and the handler was told of %v", err, *told)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		l := newLoop(t)
		cause := errors.New("enough")
		_, err := engine.RunUntilComplete(l, func(ctx context.Context) (int, error) {
			engine.CurrentTask(ctx).Cancel(cause)
			return engine.Await(ctx, engine.NewFuture[int](l))
		})
		wantErr(t, "a coroutine that cancels itself", err, engine.ErrCancelled)
		wantErr(t, "a coroutine that cancels itself", err, cause)
	})
	t.Run("stopped", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		var task engine.AnyTask
		_, err := engine.RunUntilComplete(l, func(ctx context.Context) (int, error) {
			task = engine.CurrentTask(ctx)
			l.Stop()
			err := engine.Sleep(ctx, 0)
			j.add("second turn")
			return 0, err
		})
		wantErr(t, "RunUntilComplete on a loop that was stopped", err, engine.ErrStoppedBeforeDone)
		j.want(t)
		_, err = engine.RunUntilDone(l, engine.Bridge(l, engine.Submit(l, func(ctx context.Context) (noValue, error) {
			return noValue{}, engine.Sleep(ctx, 0)
		})))
		if err != nil || !task.Done() {
			t.Errorf("a second run: %v; it leaves %v", err, task)
		}
		j.want(t, "second turn")
	})
}
