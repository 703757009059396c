package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

type simPoller = simpoll.Poller

func newSim() *simPoller { return simpoll.New() }

func goexit() { runtime.Goexit() }

// testSignal is a signal that every system's package syscall knows.
const testSignal = syscall.SIGHUP

func TestClose(t *testing.T) {
	prove(t, "RUN-17", func(t *testing.T) {
		l := newLoop(t)
		turn(t, l)
		for i := range 3 {
			if err := l.Close(); err != nil {
				t.Errorf("Close number %d: %v", i+1, err)
			}
		}
	})
	prove(t, "RUN-18", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		h := l.CallSoon(j.adds("ready"))
		timer := l.CallLater(0, j.adds("due"))
		_, _ = l.CallSoonThreadsafe(j.adds("posted"))
		_ = l.Close()
		wantErr(t, "RunForever", l.RunForever(), engine.ErrLoopClosed)
		j.want(t)
		if n := l.Stats().Timers; n != 0 {
			t.Errorf("%d timers are left", n)
		}
		h.Cancel()
		timer.Cancel()
	})
	prove(t, "RUN-19", func(t *testing.T) {
		l := newLoop(t)
		begun, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		engine.RunInExecutor(l, nil, func() (int, error) {
			defer close(ended)
			close(begun)
			<-release
			return 0, nil
		})
		<-begun
		if err := l.Close(); err != nil { // and does not wait for release
			t.Error(err)
		}
		close(release)
		<-ended
	})
}

func TestAfterClose(t *testing.T) {
	prove(t, "RUN-20", func(t *testing.T) {
		before := openDescriptors(t)
		r, w := pipe(t)
		l := newLoop(t)
		if err := l.AddSignalHandler(testSignal, func() {}); err != nil {
			t.Fatal(err)
		}
		fd, err := engine.FDOf(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.AddReader(fd, func() {}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if n := openDescriptors(t) - before; n != 2 { // the pipe
			t.Errorf("a closed loop holds %d descriptors", n-2)
		}
		if n, err := w.Write([]byte("x")); n != 1 || err != nil {
			t.Errorf("the watched pipe was closed: %v", err)
		}
		if had, err := l.RemoveSignalHandler(testSignal); had || err != nil {
			t.Errorf("the closed loop still handles the signal: %t, %v", had, err)
		}
	})
	prove(t, "RUN-23", func(t *testing.T) {
		l := newLoop(t)
		r, _ := pipe(t)
		fd, _ := engine.FDOf(r)
		for _, add := range []func(engine.FD, func()) error{l.AddReader, l.AddWriter} {
			if err := add(fd, func() {}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		a := l.Time()
		if b := l.Time(); b < a || b == 0 {
			t.Errorf("Time is %v after %v", b, a)
		}
		if f := engine.NewFuture[int](l); f.Done() || f.SetResult(3) != nil || !f.Done() {
			t.Errorf("a future of a closed loop: %v", f)
		}
		l.Stop()
		l.SetDebug(true)
		if !l.Debug() {
			t.Error("SetDebug has no effect")
		}
		l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
		if l.ExceptionHandler() == nil {
			t.Error("SetExceptionHandler has no effect")
		}
		if l.RemoveReader(fd) || l.RemoveWriter(fd) {
			t.Error("a closed loop had a watcher")
		}
		if had, err := l.RemoveSignalHandler(testSignal); had || err != nil {
			t.Errorf("RemoveSignalHandler = %t, %v", had, err)
		}
	})
	prove(t, "RUN-31", func(t *testing.T) {
		before := openDescriptors(t)
		var closed atomic.Bool
		log := &lines{}
		func() { // whose frame, and so the loop, is gone afterwards
			l, err := engine.NewEventLoop(hosted(t, engine.Config{
				Logger: log.logger(), Poller: &closeSpy{newSpy(t), &closed}, Debug: true,
			}))
			if err != nil {
				t.Fatal(err)
			}
			l.CallLater(time.Hour, func() { l.Stop() })
			turn(t, l)
		}()
		for !log.has("an event loop was never closed created at ") || !log.has("conform_run_close_test.go:") {
			runtime.GC()
			runtime.Gosched()
		}
		if !closed.Load() || openDescriptors(t) != before {
			t.Errorf("the poller is closed: %t; %d descriptors are left", closed.Load(), openDescriptors(t)-before)
		}
	})
}

// closeSpy tells that a poller was closed.
type closeSpy struct {
	*spy
	closed *atomic.Bool
}

func (s *closeSpy) Close() error {
	s.closed.Store(true)
	return s.spy.Close()
}

// lines holds what a logger wrote. Any goroutine.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

// pipe makes a pipe that the test closes.
func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func TestShutdownDefaultExecutor(t *testing.T) {
	background := context.Background()
	prove(t, "RUN-37", func(t *testing.T) {
		l := newLoop(t)
		if err := l.ShutdownDefaultExecutor(background, engine.NoTimeout); err != nil {
			t.Fatal(err)
		}
		f := engine.RunInExecutor(l, nil, func() (int, error) { t.Error("the job ran"); return 0, nil })
		wantErr(t, "RunInExecutor after the shutdown", f.Err(), engine.ErrExecutorShutdown)
	})
	prove(t, "RUN-38", func(t *testing.T) {
		l := newLoop(t)
		start(t, l)
		release := make(chan struct{})
		var ran atomic.Int32
		onLoop(t, l, func() {
			for range 100 {
				engine.RunInExecutor(l, nil, func() (int, error) { <-release; ran.Add(1); return 0, nil })
			}
			var look func()
			look = func() { // the loop turns while the shutdown waits
				if engine.RunInExecutor(l, nil, func() (int, error) { return 0, nil }).Done() {
					close(release)
					return
				}
				l.CallLater(time.Millisecond, look)
			}
			look()
		})
		if err := l.ShutdownDefaultExecutor(background, engine.NoTimeout); err != nil || ran.Load() != 100 {
			t.Errorf("ShutdownDefaultExecutor: %v after %d of 100 jobs", err, ran.Load())
		}
	})
	prove(t, "RUN-39", func(t *testing.T) {
		log := &lines{}
		l := newLoop(t, engine.Config{Logger: log.logger()})
		release, ended := make(chan struct{}), make(chan struct{})
		engine.RunInExecutor(l, nil, func() (int, error) { <-release; close(ended); return 0, nil })
		const limit = 20 * time.Millisecond
		before := time.Now()
		err := l.ShutdownDefaultExecutor(background, limit)
		wantErr(t, "ShutdownDefaultExecutor over a job that stays", err, engine.ErrTimeout)
		wantErr(t, "ShutdownDefaultExecutor over a job that stays", err, os.ErrDeadlineExceeded)
		if took := time.Since(before); took < limit {
			t.Errorf("it returned after %v, before its timeout of %v", took, limit)
		}
		if !log.has("level=WARN") {
			t.Error("there is no warning")
		}
		close(release)
		<-ended
	})
}

func TestShutdownDefaultExecutorAgain(t *testing.T) {
	background := context.Background()
	prove(t, "RUN-41", func(t *testing.T) {
		l := newLoop(t)
		engine.RunInExecutor(l, nil, func() (int, error) { return 0, nil })
		for i := range 3 {
			if err := l.ShutdownDefaultExecutor(background, engine.NoTimeout); err != nil {
				t.Errorf("shutdown number %d: %v", i+1, err)
			}
		}
	})
	prove(t, "RUN-40", func(t *testing.T) {
		l := newLoop(t)
		_ = l.ShutdownDefaultExecutor(background, engine.NoTimeout)
		p, err := engine.NewWorkerPool(1)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = p.Shutdown(background) }()
		if err := l.SetDefaultExecutor(p); err != nil {
			t.Fatal(err)
		}
		job := func() (int, error) { return 7, nil }
		wantErr(t, "RunInExecutor(nil)", engine.RunInExecutor(l, nil, job).Err(), engine.ErrExecutorShutdown)
		if got, err := engine.RunUntilDone(l, engine.RunInExecutor(l, engine.Executor(p), job)); got != 7 || err != nil {
			t.Errorf("an explicit executor gives %d, %v", got, err)
		}
		_, err = engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
			_, err := l.GetAddrInfo(ctx, "127.0.0.1", 80, engine.LookupOptions{})
			wantErr(t, "GetAddrInfo", err, engine.ErrExecutorShutdown)
			_, _, err = l.GetNameInfo(ctx, engine.InfoAt(netip.MustParseAddrPort("127.0.0.1:80")).Addr, engine.NINumericHost|engine.NINumericServ)
			wantErr(t, "GetNameInfo", err, engine.ErrExecutorShutdown)
			return struct{}{}, nil
		})
		must(t, err)
	})
}
