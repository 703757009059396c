//go:build unix

package engine_test

import (
	"context"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestServerObjectStart(t *testing.T) {
	l := servingLoop(t)
	prove(t, "SOBJ-11", func(t *testing.T) {
		s := serve(t, l, echo, local(engine.ServerOptions{Deferred: true}))
		for range 2 {
			must(t, s.StartServing(t.Context()))
			must(t, taskErr(t, l, s.StartServing))
		}
		says(t, client(t, address(t, l, s)), "hello")
	})
	prove(t, "SOBJ-12", func(t *testing.T) {
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		onLoop(t, l, s.Close)
		wantErr(t, "StartServing", s.StartServing(t.Context()), engine.ErrServerClosed)
	})
	prove(t, "SOBJ-16", func(t *testing.T) { testServerBlock(t, l) })
}

// testServerBlock is "async with server" in a task: closed and waited for.
func testServerBlock(t *testing.T, l *engine.Loop) {
	t.Helper()
	var s *engine.Server
	must(t, taskErr(t, l, func(ctx context.Context) (err error) {
		if s, err = l.CreateServer(ctx, echo, local(engine.ServerOptions{})); err != nil {
			return err
		}
		defer func() { must(t, ends(s.Shutdown(ctx))) }()
		return s.StartServing(ctx)
	}))
	onLoop(t, l, func() {
		if s.IsServing() || len(s.Sockets()) > 0 {
			t.Errorf("after the block it is %v", s)
		}
	})
}

func TestExampleOfServer(t *testing.T) {
	prove(t, "EXAM-07", func(t *testing.T) { testServerBlock(t, servingLoop(t)) })
}

func TestServerForever(t *testing.T) {
	prove(t, "SOBJ-13", testForeverCancelled)
	prove(t, "SOBJ-14", func(t *testing.T) {
		l := servingLoop(t)
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		first := asked(t, l, func() error { return s.ServeForever(context.Background()) })
		waits(t, l, "ServeForever", first)
		wantErr(t, "a second", s.ServeForever(t.Context()), engine.ErrServing)
		onLoop(t, l, s.Close)
		wantErr(t, "the first", <-first, engine.ErrServerClosed)
		wantErr(t, "afterwards", s.ServeForever(t.Context()), engine.ErrServerClosed)
	})
	prove(t, "SOBJ-15", func(t *testing.T) {
		l, s, c := withClient(t)
		over := asked(t, l, func() error { return s.ServeForever(context.Background()) })
		waits(t, l, "ServeForever", over)
		onLoop(t, l, s.Close)
		waits(t, l, "ServeForever with a connection", over)
		says(t, c, "served")
		c.Close()
		wantErr(t, "ServeForever", <-over, engine.ErrServerClosed)
	})
}

// testForeverCancelled starts serving, and waits for connections at the end.
func testForeverCancelled(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{Deferred: true}))
	at := address(t, l, s)
	ctx, cancel := context.WithCancelCause(context.Background())
	over := asked(t, l, func() error { return s.ServeForever(ctx) })
	until(t, l, s.IsServing)
	c := client(t, at)
	says(t, c, "hello")
	cancel(errTest)
	until(t, l, func() bool { return !s.IsServing() })
	refuses(t, at)
	waits(t, l, "ServeForever with a connection", over)
	says(t, c, "still there")
	c.Close()
	wantErr(t, "ServeForever", <-over, errTest)
}

// TestServerForeverTask: cancelled twice, it waits no longer.
func TestServerForeverTask(t *testing.T) {
	l, s, _ := withClient(t)
	var task *engine.Task[struct{}]
	onLoop(t, l, func() {
		task = engine.CreateTask(l, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.ServeForever(ctx)
		}, engine.TaskOptions{})
	})
	for range 2 {
		for range 3 {
			onLoop(t, l, func() {
				if task.Done() {
					t.Error("it is over")
				}
			})
		}
		onLoop(t, l, func() { task.Cancel(nil) })
	}
	until(t, l, task.Done)
	onLoop(t, l, func() {
		if !task.Cancelled() || s.IsServing() {
			t.Errorf("%v and %v", task, s)
		}
	})
}

// TestServerForeverEnded: a context that ended before closes the server too.
func TestServerForeverEnded(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, "ServeForever", s.ServeForever(ctx), context.Canceled)
	onLoop(t, l, func() {
		if s.IsServing() {
			t.Error("it serves")
		}
	})
}
