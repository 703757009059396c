//go:build unix

package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// streamEnd is a stream over one end of a pair of sockets, on a loop that does not
// run, and the other end.
type streamEnd struct {
	t   *testing.T
	l   *engine.Loop
	r   *engine.StreamReader
	w   *engine.StreamWriter
	far *wireEnd
}

// newStream makes one with a limit; 0 is the default.
func newStream(t *testing.T, limit int) *streamEnd {
	t.Helper()
	return newStreamOn(t, newLoop(t), limit)
}

// newStreamOn makes one on a loop that there is.
func newStreamOn(t *testing.T, l *engine.Loop, limit int) *streamEnd {
	t.Helper()
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	must(t, err)
	s := &streamEnd{t: t, l: l, far: &wireEnd{t: t, s: b}}
	t.Cleanup(func() { must(t, b.Close()) })
	inTaskOf(t, l, func(ctx context.Context) {
		s.r, s.w, err = engine.OpenUnixConnection(ctx, l, engine.UnixConnectOptions{Sock: a}, engine.StreamOptions{Limit: limit})
		must(t, err)
	})
	return s
}

// got is the outcome of a read.
type got struct {
	text string
	err  error
	task *engine.Task[int]
}

// begins begins a read, up to where it waits.
func (s *streamEnd) begins(read func(ctx context.Context) ([]byte, error)) *got {
	s.t.Helper()
	g := &got{}
	g.task = newTask(s.l, func(ctx context.Context) error {
		p, err := read(ctx)
		g.text, g.err = string(p), err
		return nil
	})
	turn(s.t, s.l)
	return g
}

// ends runs turns until a read has ended.
func (s *streamEnd) ends(g *got) (string, error) {
	s.t.Helper()
	untilSo(s.t, s.l, g.task.Done)
	return g.text, g.err
}

// reads is the outcome of a read.
func (s *streamEnd) reads(read func(ctx context.Context) ([]byte, error)) (string, error) {
	s.t.Helper()
	return s.ends(s.begins(read))
}

// wantRead wants a read to return text.
func (s *streamEnd) wantRead(what, text string, read func(ctx context.Context) ([]byte, error)) {
	s.t.Helper()
	if got, err := s.reads(read); got != text || err != nil {
		s.t.Errorf("%s: %q, %v, want %q", what, got, err, text)
	}
}

// wantReadErr wants a read to fail with err.
func (s *streamEnd) wantReadErr(what string, err error, read func(ctx context.Context) ([]byte, error)) {
	s.t.Helper()
	text, failed := s.reads(read)
	if text != "" || !errors.Is(failed, err) {
		s.t.Errorf("%s: %q, %v, want %v", what, text, failed, err)
	}
}

// wantOverrun wants a read to find more than the limit.
func (s *streamEnd) wantOverrun(what string, consumed int, found bool, read func(ctx context.Context) ([]byte, error)) {
	s.t.Helper()
	_, err := s.reads(read)
	var over *engine.LimitOverrunError
	if !errors.As(err, &over) || over.Consumed != consumed || over.Found != found {
		s.t.Errorf("%s: %#v, want %d consumed, found %v", what, err, consumed, found)
	}
}

// wantIncomplete wants a read to end early.
func (s *streamEnd) wantIncomplete(what, partial string, expected int, is error, read func(ctx context.Context) ([]byte, error)) {
	s.t.Helper()
	_, err := s.reads(read)
	var short *engine.IncompleteReadError
	if !errors.As(err, &short) || string(short.Partial) != partial || short.Expected != expected || !errors.Is(err, is) {
		s.t.Errorf("%s: %#v, want %q of %d, and %v", what, err, partial, expected, is)
	}
}

// The reads, as functions.
func (s *streamEnd) line(ctx context.Context) ([]byte, error) { return s.r.ReadLine(ctx) }

func (s *streamEnd) some(n int) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) { return s.r.Read(ctx, n) }
}

func (s *streamEnd) exactly(n int) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) { return s.r.ReadExactly(ctx, n) }
}

func (s *streamEnd) upTo(separators ...string) func(context.Context) ([]byte, error) {
	var list [][]byte
	for _, s := range separators {
		list = append(list, []byte(s))
	}
	return func(ctx context.Context) ([]byte, error) { return s.r.ReadUntil(ctx, list...) }
}

// comes sends text, which then is unread.
func (s *streamEnd) comes(text string) {
	s.t.Helper()
	before := s.r.Unread()
	s.far.send(text)
	untilSo(s.t, s.l, func() bool { return s.r.Unread() == before+len(text) })
}

// endsInput ends what comes.
func (s *streamEnd) endsInput() {
	s.t.Helper()
	must(s.t, s.far.s.Shutdown(engine.ShutWR))
}

// wantFlow wants the transport to read or to be paused, with so much unread.
func (s *streamEnd) wantFlow(what string, unread int, reading bool) {
	s.t.Helper()
	if n, is := s.r.Unread(), s.w.Transport().IsReading(); n != unread || is != reading {
		s.t.Errorf("%s: %d unread, reading %v, want %d and %v", what, n, is, unread, reading)
	}
}
