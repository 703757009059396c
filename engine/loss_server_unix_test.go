//go:build unix

package engine_test

import (
	"context"
	"io"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// tasks are calls that wait, made on a loop whose turns a test calls.
func tasked(t *testing.T, l *engine.Loop, ctx context.Context, fn func(ctx context.Context) error) *engine.Task[struct{}] {
	t.Helper()
	return engine.CreateTask(l, func(in context.Context) (struct{}, error) {
		in, cancel := context.WithCancelCause(in)
		defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
		if ctx.Err() != nil {
			cancel(context.Cause(ctx))
		}
		return struct{}{}, fn(in)
	}, engine.TaskOptions{})
}

// TestServerRoomWhileOneIsGreeted: of two connections that may be open one goes
// while the other is on the way to its protocol, which is room for a third.
func TestServerRoomWhileOneIsGreeted(t *testing.T) {
	l := newLoop(t)
	first := &served{}
	next := func() engine.Protocol { p := first; first = &served{}; return p }
	s := serveHere(t, l, next, engine.ServerOptions{MaxConnections: 2, AcceptBatch: 1})
	p := first
	queued(t, s, 1)
	untilSo(t, l, func() bool { return s.Stats().Active == 1 && p.transport != nil })
	queued(t, s, 2)
	inTurn(t, l, p.transport.Close) // its end and the next one's greeting are for the next turn
	if got := s.Stats(); got.Accepted != 2 || got.Active != 2 {
		t.Fatalf("the counts are %+v, want one that goes and one that comes", got)
	}
	idleTurns(t, l)
	if got := s.Stats(); got.Accepted != 3 || got.Active != 2 {
		t.Errorf("the counts are %+v, want the third accepted", got)
	}
}

// TestServerShutdownTwice: a second Shutdown, which has time, does not take back
// that the first has none left. A connection that comes in between, and that
// nobody reads, is aborted.
func TestServerShutdownTwice(t *testing.T) {
	l := newLoop(t)
	s := serveHere(t, l, func() engine.Protocol {
		return &served{made: func(tr engine.Transport) { _, _ = io.WriteString(tr, manyBytes) }}
	}, engine.ServerOptions{})
	queued(t, s, 1)
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(errTest)
	first := tasked(t, l, ended, shuts(s))
	second := tasked(t, l, context.Background(), shuts(s))
	for range 20 {
		turn(t, l)
	}
	if got := s.Stats(); got.Accepted != 1 || got.Active != 0 {
		t.Errorf("the counts are %+v, want what came to be gone", got)
	}
	s.AbortClients() // or the test would not end
	untilSo(t, l, func() bool { return first.Done() && second.Done() })
	_, err := first.Result()
	wantErr(t, "the first", err, errTest)
	_, err = second.Result()
	wantErr(t, "the second", err, nil)
}

// TestServerFactoryContext: a protocol is made in the context of whoever made the
// server, and what runs after that is not.
func TestServerFactoryContext(t *testing.T) {
	type key struct{}
	l := newLoop(t)
	var of, made any
	s := serverIn(t, l, context.WithValue(context.Background(), key{}, "the server's"), func() engine.Protocol {
		of = l.Context().Value(key{})
		return &served{made: func(engine.Transport) { made = l.Context().Value(key{}) }}
	})
	queued(t, s, 1)
	untilSo(t, l, func() bool { return made != nil })
	isEqual(t, "of the factory", of, "the server's")
	isEqual(t, "of the protocol", made, "the server's")
	inTurn(t, l, func() { isEqual(t, "afterwards", l.Context().Value(key{}), nil) })
}

// serverIn makes a server in a callback's context.
func serverIn(t *testing.T, l *engine.Loop, ctx context.Context, f engine.ProtocolFactory) (s *engine.Server) {
	t.Helper()
	l.CallSoonContext(ctx, func() {
		engine.Go(l, func(ctx context.Context) (err error) {
			s, err = l.CreateServer(ctx, f, local(engine.ServerOptions{}))
			return err
		})
	})
	untilSo(t, l, func() bool { return s != nil })
	t.Cleanup(func() { s.Close(); s.AbortClients(); idleTurns(t, l) })
	return s
}

// TestWritesAfterEOFAreNotLogged: they are refused each time, and the log is for
// those who write after Close.
func TestWritesAfterEOFAreNotLogged(t *testing.T) {
	l, log := logged(t, engine.Config{})
	tr, _ := wired(t, l, &wireTap{})
	must(t, tr.WriteEOF())
	for range 20 {
		wantErr(t, "Write", wrote(tr.Write([]byte("x"))), engine.ErrWriteAfterEOF)
	}
	isEqual(t, "records", len(log.list), 0)
}
