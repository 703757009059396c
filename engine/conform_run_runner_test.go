package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// runMain is Run under the host that is tested, of a main without a result.
func runMain(t *testing.T, ctx context.Context, main func(ctx context.Context, l *engine.Loop) error) error {
	t.Helper()
	_, err := engine.Run(ctx, func(ctx context.Context) (noValue, error) {
		l, err := engine.RunningLoop()
		must(t, err)
		return noValue{}, main(ctx, l)
	}, hosted(t, engine.Config{}))
	return err
}

// endless waits until the wait is ended.
func endless(ctx context.Context, l *engine.Loop) error {
	_, err := engine.Await(ctx, engine.NewFuture[noValue](l))
	return err
}

func TestRun(t *testing.T) {
	prove(t, "RUN-42", func(t *testing.T) {
		t.Run("loop", testRunLoop)
		t.Run("clean-up", testRunCleanUp)
		t.Run("errors of tasks", testRunLeftErrors)
		t.Run("nested", testRunNested)
	})
}

// testRunLoop: the loop is a new one, the current one meanwhile, and closed in
// the end.
func testRunLoop(t *testing.T) {
	before := newLoop(t)
	engine.SetEventLoop(before)
	defer engine.SetEventLoop(nil)
	var inside *engine.Loop
	got, err := engine.Run(context.WithValue(context.Background(), ctxKey("who"), "caller"),
		func(ctx context.Context) (string, error) {
			inside, _ = engine.CurrentLoop()
			if task := engine.CurrentTask(ctx); task == nil || task.Loop() != inside || inside.Debug() {
				t.Errorf("main runs in %v of %v", task, inside)
			}
			who, _ := ctx.Value(ctxKey("who")).(string)
			return who, engine.Sleep(ctx, 0)
		}, hosted(t, engine.Config{}))
	if got != "caller" || err != nil {
		t.Errorf("Run = %q, %v", got, err)
	}
	if inside == before || !inside.IsClosed() {
		t.Errorf("the loop was %v, of before %v", inside, before)
	}
	_, err = engine.CurrentLoop()
	wantErr(t, "CurrentLoop after Run", err, engine.ErrNoCurrentLoop)
}

// testRunCleanUp: tasks end before generators, these before the executor.
func testRunCleanUp(t *testing.T) {
	var j journal
	release := make(chan struct{})
	err := runMain(t, context.Background(), func(ctx context.Context, l *engine.Loop) error {
		engine.CreateTask(l, func(ctx context.Context) (noValue, error) {
			err := endless(ctx, l)
			wantErr(t, "the wait of a task that is left", err, engine.ErrCancelled)
			j.add("task is cancelled")
			must(t, engine.Sleep(ctx, 0))
			j.add("task ends")
			return noValue{}, err
		}, engine.TaskOptions{})
		begun(t, ctx, counter(l, func(context.Context) error {
			j.add("generator is closed")
			close(release)
			return nil
		}))
		engine.RunInExecutor(l, nil, func() (int, error) { <-release; j.add("job ends"); return 0, nil })
		must(t, engine.Sleep(ctx, 0))
		j.add("main ends")
		return nil
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	j.want(t, "main ends", "task is cancelled", "task ends", "generator is closed", "job ends")
}

// testRunLeftErrors: what a task that is left fails with goes to the handler,
// but for its cancellation.
func testRunLeftErrors(t *testing.T) {
	var told *[]engine.ErrorContext
	broken := errors.New("broken")
	var failed engine.AnyTask
	err := runMain(t, context.Background(), func(ctx context.Context, l *engine.Loop) error {
		told = reports(l)
		failed = engine.CreateTask(l, func(ctx context.Context) (noValue, error) {
			_ = endless(ctx, l)
			return noValue{}, broken
		}, engine.TaskOptions{})
		engine.CreateTask(l, func(ctx context.Context) (noValue, error) { return noValue{}, endless(ctx, l) }, engine.TaskOptions{})
		return engine.Sleep(ctx, 0)
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	if len(*told) != 1 {
		t.Fatalf("the handler was told of %v", *told)
	}
	if c := (*told)[0]; c.Err != broken || c.Task != failed || c.Message != "unhandled exception during Run() shutdown" {
		t.Errorf("the report is %+v", c)
	}
}

// testRunNested: there is no Run where a loop runs.
func testRunNested(t *testing.T) {
	refused := func() {
		var closed atomic.Bool
		_, err := engine.Run(context.Background(), func(context.Context) (int, error) {
			t.Error("main ran")
			return 0, nil
		}, engine.Config{Poller: &closeSpy{newSpy(t), &closed}})
		wantErr(t, "Run inside of a run", err, engine.ErrLoopRunning)
		if !closed.Load() {
			t.Error("the poller of the config is open")
		}
	}
	l := newLoop(t)
	l.CallSoon(refused)
	turn(t, l)
	must(t, runMain(t, context.Background(), func(_ context.Context, l *engine.Loop) error {
		refused()
		if current, err := engine.CurrentLoop(); current != l {
			t.Errorf("afterwards the current loop is %v, %v", current, err)
		}
		return nil
	}))
}

// TestRunRefused has what Run does not take.
func TestRunRefused(t *testing.T) {
	var closed atomic.Bool
	_, err := engine.Run[int](context.Background(), nil, engine.Config{Poller: &closeSpy{newSpy(t), &closed}})
	wantErr(t, "Run without a main", err, engine.ErrInvalidArgument)
	if !closed.Load() {
		t.Error("the poller of the config is open")
	}
	_, err = engine.Run(context.Background(), func(context.Context) (int, error) {
		t.Error("main ran")
		return 0, nil
	}, engine.Config{PollEvery: -1})
	var arg *engine.ArgError
	if !errors.As(err, &arg) || arg.Arg != "PollEvery" {
		t.Errorf("Run with a bad config: %v", err)
	}
	if l, err := engine.CurrentLoop(); err == nil {
		t.Errorf("the refused Run left %v", l)
	}
}

// TestRunConfig: the config is the loop's.
func TestRunConfig(t *testing.T) {
	log := &lines{}
	_, err := engine.Run(context.Background(), func(context.Context) (int, error) {
		l, err := engine.RunningLoop()
		if err == nil && !l.Debug() {
			t.Error("the loop is not in debug mode")
		}
		l.CallExceptionHandler(engine.ErrorContext{Message: "told"})
		return 0, err
	}, hosted(t, engine.Config{Debug: true, Logger: slog.New(slog.NewTextHandler(log, nil))}))
	if err != nil || !log.has("told") {
		t.Errorf("Run: %v, and the logger was told: %t", err, log.has("told"))
	}
}

// TestRunContext: the end of ctx cancels main, once.
func TestRunContext(t *testing.T) {
	cause := errors.New("enough")
	t.Run("during main", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		err := runMain(t, ctx, func(ctx context.Context, l *engine.Loop) error {
			cancel(cause)
			err := endless(ctx, l)
			wantErr(t, "main's wait", err, engine.ErrCancelled)
			if n := engine.CurrentTask(ctx).Cancelling(); n != 1 {
				t.Errorf("main was asked %d times", n)
			}
			must(t, engine.Sleep(ctx, 0))
			return err
		})
		wantErr(t, "Run", err, engine.ErrCancelled)
		wantErr(t, "Run", err, cause)
	})
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		wantErr(t, "Run", runMain(t, ctx, endless), cause)
	})
	t.Run("main goes on", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		err := runMain(t, ctx, func(ctx context.Context, l *engine.Loop) error {
			cancel(cause)
			_ = endless(ctx, l)
			return nil
		})
		if err != nil {
			t.Errorf("a main that does not care: %v", err)
		}
	})
}

// TestRunMainEnds has the ends of main that are no results.
func TestRunMainEnds(t *testing.T) {
	background := context.Background()
	t.Run("error", func(t *testing.T) {
		broken := errors.New("broken")
		err := runMain(t, background, func(context.Context, *engine.Loop) error { return broken })
		if err != broken {
			t.Errorf("Run fails with %v, want the very error %v", err, broken)
		}
	})
	t.Run("panic", func(t *testing.T) {
		var p *engine.PanicError
		err := runMain(t, background, func(context.Context, *engine.Loop) error { panic("broken") })
		if !errors.As(err, &p) || p.Value != "broken" {
			t.Errorf("Run: %v", err)
		}
	})
	t.Run("goexit", func(t *testing.T) {
		err := runMain(t, background, func(context.Context, *engine.Loop) error { goexit(); return nil })
		wantErr(t, "Run", err, engine.ErrTaskExited)
	})
	t.Run("stop", func(t *testing.T) {
		var j journal
		err := runMain(t, background, func(ctx context.Context, l *engine.Loop) error {
			l.Stop()
			wantErr(t, "main's wait", endless(ctx, l), engine.ErrCancelled)
			j.add("main is cancelled")
			return nil
		})
		wantErr(t, "Run", err, engine.ErrStoppedBeforeDone)
		j.want(t, "main is cancelled")
	})
	t.Run("goexit in a callback", testRunLoopDies)
}

// testRunLoopDies: a loop that died is told once, and its goroutine's Goexit is
// the caller's.
func testRunLoopDies(t *testing.T) {
	var inside *engine.Loop
	var returned atomic.Bool
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = runMain(t, context.Background(), func(ctx context.Context, l *engine.Loop) error {
			inside = l
			l.CallSoon(goexit)
			return endless(ctx, l)
		})
		returned.Store(true)
	}()
	<-gone
	if returned.Load() || !inside.IsClosed() {
		t.Errorf("Run returned: %t; it left %v", returned.Load(), inside)
	}
}

// setPolicy notes what becomes the current loop.
type setPolicy struct {
	engine.DefaultPolicy
	set []*engine.Loop
}

func (p *setPolicy) SetEventLoop(l *engine.Loop) {
	p.set = append(p.set, l)
	p.DefaultPolicy.SetEventLoop(l)
}

// TestRunCurrentLoop: the loop is the current one of the caller's goroutine,
// which in main the running loop hides.
func TestRunCurrentLoop(t *testing.T) {
	p := &setPolicy{}
	engine.SetPolicy(p)
	defer engine.SetPolicy(nil)
	var inside *engine.Loop
	must(t, runMain(t, context.Background(), func(_ context.Context, l *engine.Loop) error { inside = l; return nil }))
	if len(p.set) != 2 || p.set[0] != inside || p.set[1] != nil {
		t.Errorf("Run set %v, and its loop was %v", p.set, inside)
	}
}
