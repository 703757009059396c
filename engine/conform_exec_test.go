package engine_test

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// ctxKey is the key of what tests put into contexts.
type ctxKey string

// must fails the test for an error of a call that has to succeed.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// onePool makes a pool of one worker that the test waits for at its end.
func onePool(t *testing.T) *engine.WorkerPool {
	t.Helper()
	p, err := engine.NewWorkerPool(1)
	must(t, err)
	t.Cleanup(func() { drain(t, p) })
	return p
}

// drain waits until the jobs of a pool have run.
func drain(t *testing.T, p *engine.WorkerPool) {
	t.Helper()
	if err := p.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// gate is a job that begins, and ends when it is let go.
type gate struct{ begun, open chan struct{} }

func newGate() gate { return gate{make(chan struct{}), make(chan struct{})} }

func (g gate) job() (int, error) {
	close(g.begun)
	<-g.open
	return 42, nil
}

func TestRunInExecutor(t *testing.T) {
	prove(t, "EXEC-01", testDefaultPool)
	prove(t, "EXEC-02", testJobResults)
	prove(t, "EXEC-03", testCancelJob)
}

// testDefaultPool fills the default pool beyond its bound: min(32, CPUs+4) jobs
// begin, and the future of each is there before it ends.
func testDefaultPool(t *testing.T) {
	l := newLoop(t)
	bound := min(32, runtime.NumCPU()+4)
	var inside, most atomic.Int64
	begun, open := make(chan struct{}, 2*bound), make(chan struct{})
	var futures []*engine.Future[int]
	for i := range 2 * bound {
		futures = append(futures, engine.RunInExecutor(l, nil, func() (int, error) {
			n := inside.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			begun <- struct{}{}
			<-open
			inside.Add(-1)
			return i, nil
		}))
		if futures[i].Done() {
			t.Fatalf("job %d is done before it ran: %v", i, futures[i])
		}
	}
	for range bound {
		<-begun
	}
	close(open)
	for i, f := range futures {
		if v, err := engine.RunUntilDone(l, f); v != i || err != nil {
			t.Errorf("job %d: %d, %v", i, v, err)
		}
	}
	if m := most.Load(); m != int64(bound) {
		t.Errorf("%d jobs ran at a time, want %d", m, bound)
	}
}

// testJobResults: results and errors reach the future on the loop.
func testJobResults(t *testing.T) {
	l := newLoop(t)
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		fn   func() (int, error)
		want func(v int, err error) bool
	}{
		"result": {func() (int, error) { return 7, nil }, func(v int, err error) bool { return v == 7 && err == nil }},
		"error":  {func() (int, error) { return 0, broken }, func(_ int, err error) bool { return err == broken }},
		"panic": {func() (int, error) { panic(broken) }, func(_ int, err error) bool {
			var p *engine.PanicError
			return errors.As(err, &p) && p.Value == broken && len(p.Stack) > 0 && errors.Is(err, broken)
		}},
		"goexit": {func() (int, error) { runtime.Goexit(); return 0, nil }, func(_ int, err error) bool { return err != nil }},
	} {
		f := engine.RunInExecutor(l, nil, c.fn)
		var on *engine.Loop
		f.AddDoneCallback(func(*engine.Future[int]) { on, _ = engine.RunningLoop() })
		if v, err := engine.RunUntilDone(l, f); !c.want(v, err) {
			t.Errorf("%s: %d, %v", name, v, err)
		}
		if on != l {
			t.Errorf("%s: done on %v, want the loop", name, on)
		}
	}
}

func testCancelJob(t *testing.T) {
	l := newLoop(t)
	p, err := engine.NewWorkerPool(1)
	must(t, err)
	g := newGate()
	running := engine.RunInExecutor(l, p, g.job)
	<-g.begun
	var ran atomic.Bool
	waiting := engine.RunInExecutor(l, p, func() (int, error) { ran.Store(true); return 0, nil })
	if !waiting.Cancel(nil) || !running.Cancel(nil) {
		t.Error("a pending future refuses to be cancelled")
	}
	close(g.open)
	drain(t, p)
	turn(t, l)
	if ran.Load() {
		t.Error("a job ran that was cancelled before it began")
	}
	for _, f := range []*engine.Future[int]{running, waiting} {
		v, err := f.Result()
		if v != 0 || !errors.Is(err, engine.ErrCancelled) || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled future: %d, %v; the result has to be dropped", v, err)
		}
	}
}

func TestExecutorAndClose(t *testing.T) {
	prove(t, "EXEC-04", func(t *testing.T) {
		l, p, g := newLoop(t), onePool(t), newGate()
		f := engine.RunInExecutor(l, p, g.job)
		<-g.begun
		must(t, l.Close())
		close(g.open)
		drain(t, p)
		if f.Done() {
			t.Errorf("%v is done after its loop was closed", f)
		}
	})
	prove(t, "EXEC-08", func(t *testing.T) {
		l := newLoop(t)
		must(t, l.Close())
		for name, ex := range map[string]engine.Executor{"default": nil, "given": onePool(t)} {
			f := engine.RunInExecutor(l, ex, func() (int, error) { t.Error("the job ran"); return 0, nil })
			wantErr(t, name, f.Err(), engine.ErrLoopClosed)
		}
	})
	prove(t, "EXEC-09", func(t *testing.T) {
		l := newLoop(t)
		must(t, l.ShutdownDefaultExecutor(context.Background(), engine.NoTimeout))
		f := engine.RunInExecutor(l, nil, func() (int, error) { t.Error("the job ran"); return 0, nil })
		wantErr(t, "default executor", f.Err(), engine.ErrExecutorShutdown)
		given := engine.RunInExecutor(l, onePool(t), func() (int, error) { return 1, nil })
		if v, err := engine.RunUntilDone(l, given); v != 1 || err != nil {
			t.Errorf("given executor: %d, %v", v, err)
		}
	})
}

// recorder is an executor of its own kind that counts its jobs.
type recorder struct {
	jobs  int
	fails error
}

func (r *recorder) Submit(job func()) error {
	if r.fails != nil {
		return r.fails
	}
	r.jobs++
	job()
	return nil
}

func TestExecutorArguments(t *testing.T) {
	prove(t, "EXEC-05", testGivenExecutor)
	prove(t, "EXEC-06", func(t *testing.T) {
		l := newLoop(t)
		var arg *engine.ArgError
		if err := l.SetDefaultExecutor(nil); !errors.As(err, &arg) || arg.Arg != "p" {
			t.Errorf("nil: %v, want an *ArgError for p", err)
		}
		parameter := reflect.TypeOf(l.SetDefaultExecutor).In(0)
		if reflect.TypeFor[*recorder]().AssignableTo(parameter) {
			t.Errorf("any executor compiles as the default one, of type %v", parameter)
		}
		p := onePool(t)
		must(t, l.SetDefaultExecutor(p))
		drain(t, p) // so that a job for it fails
		f := engine.RunInExecutor(l, nil, func() (int, error) { return 0, nil })
		wantErr(t, "the default executor is the one that was set", f.Err(), engine.ErrExecutorShutdown)
	})
	prove(t, "EXEC-07", func(t *testing.T) {
		l := newLoop(t, engine.Config{Debug: true})
		var arg *engine.ArgError
		if err := engine.RunInExecutor[int](l, nil, nil).Err(); !errors.As(err, &arg) || arg.Arg != "fn" {
			t.Errorf("nil function: %v, want an *ArgError for fn", err)
		}
		parameter := reflect.TypeOf(engine.RunInExecutor[int]).In(2)
		if reflect.TypeFor[func(context.Context) (int, error)]().AssignableTo(parameter) {
			t.Errorf("a coroutine compiles as the function, of type %v", parameter)
		}
	})
}

func testGivenExecutor(t *testing.T) {
	l, r := newLoop(t), &recorder{}
	job := func() (int, error) { return 5, nil }
	if v, err := engine.RunUntilDone(l, engine.RunInExecutor(l, r, job)); v != 5 || err != nil || r.jobs != 1 {
		t.Errorf("%d, %v after %d jobs; want 5 after 1", v, err, r.jobs)
	}
	r.fails = errors.New("full")
	wantErr(t, "an executor that refuses", engine.RunInExecutor(l, r, job).Err(), r.fails)

	p := onePool(t)
	if _, err := engine.RunUntilDone(l, engine.RunInExecutor(l, p, job)); err != nil {
		t.Error(err)
	}
	must(t, l.ShutdownDefaultExecutor(context.Background(), engine.NoTimeout))
	must(t, l.Close())
	done := make(chan struct{})
	if err := p.Submit(func() { close(done) }); err != nil {
		t.Fatalf("the loop has shut down an executor that it was given: %v", err)
	}
	<-done
}

func TestExecutorBesidesLoop(t *testing.T) {
	prove(t, "EXEC-11", func(t *testing.T) {
		l := newLoop(t)
		ctx := context.WithValue(context.Background(), ctxKey("who"), "caller")
		var f *engine.Future[any]
		l.CallSoonContext(ctx, func() {
			if l.Context().Value(ctxKey("who")) != "caller" {
				t.Error("the caller has no context")
			}
			f = engine.RunInExecutor(l, nil, func() (any, error) { return l.Context().Value(ctxKey("who")), nil })
			f.AddDoneCallback(func(*engine.Future[any]) { l.Stop() })
		})
		run(t, l)
		if who, err := f.Result(); who != nil || err != nil {
			t.Errorf("the job sees %v of its caller's context, %v", who, err)
		}
	})
	prove(t, "EXEC-12", testSaturation)
}

// testSaturation lets four jobs wait for one worker that is let go only by the
// fifth tick of a timer, so it ends only if the loop stays responsive.
func testSaturation(t *testing.T) {
	l, p, g := newLoop(t), onePool(t), newGate()
	futures := []*engine.Future[int]{engine.RunInExecutor(l, p, g.job)}
	for range 3 {
		futures = append(futures, engine.RunInExecutor(l, p, func() (int, error) { return 42, nil }))
	}
	ticks := 0
	var tick func()
	tick = func() {
		if ticks++; ticks == 5 {
			close(g.open)
			return
		}
		l.CallLater(time.Millisecond, tick)
	}
	l.CallLater(time.Millisecond, tick)
	for i, f := range futures {
		if v, err := engine.RunUntilDone(l, f); v != 42 || err != nil {
			t.Errorf("job %d: %d, %v", i, v, err)
		}
	}
	if ticks != 5 {
		t.Errorf("%d ticks, want 5", ticks)
	}
}
