package engine_test

import (
	"context"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// selected is a loop on a poller of the system's.
func selected(t *testing.T, s engine.Selector) *engine.Loop {
	t.Helper()
	l, err := engine.NewSelectorEventLoop(s, hosted(t, engine.Config{}))
	must(t, err)
	t.Cleanup(func() { closeLoop(t, l) })
	return l
}

// reused is a socket whose descriptor was closed under a reader, and has become
// another's, and the other end of that.
func reused(t *testing.T, l *engine.Loop) (s, peer *engine.Socket) {
	t.Helper()
	s, _ = streams(t)
	must(t, l.AddReader(s.Fd(), func() { t.Error("the stale reader was called") }))
	next, peer := streams(t)
	must(t, dup(next.Fd(), s.Fd()))
	return s, peer
}

// TestReusedBySock: epoll tells that a reader has outlived its descriptor. poll(2)
// does not, so that who gets the number is refused until the reader is removed.
func TestReusedBySock(t *testing.T) {
	for name, selector := range map[string]engine.Selector{"epoll": engine.Epoll, "poll": engine.Poll} {
		l := selected(t, selector)
		s, peer := reused(t, l)
		if name == "poll" {
			runTask(t, l, func(ctx context.Context) {
				_, err := l.SockRecv(ctx, s, 8)
				wantOpError(t, err, "recv", "unix", engine.ErrFdInUse)
			})
			isEqual(t, "removed", l.RemoveReader(s.Fd()), true)
		}
		var got []byte
		task := receiving(t, l, s, &got)
		written(t, peer, "hello")
		must(t, finish(t, l, task))
		isEqual(t, name, string(got), "hello")
		isEqual(t, name+": a reader is left", l.RemoveReader(s.Fd()), false)
	}
}

// TestReusedByTransport: the same of a transport, which is told by ConnectionLost.
func TestReusedByTransport(t *testing.T) {
	for name, selector := range map[string]engine.Selector{"epoll": engine.Epoll, "poll": engine.Poll} {
		l, w := selected(t, selector), &wireTap{}
		s, peer := reused(t, l)
		fd := s.Fd()
		transportOn(t, l, w, s)
		if name == "poll" {
			untilSo(t, l, func() bool { return w.over })
			wantErr(t, "ConnectionLost", w.err, engine.ErrFdInUse)
			isEqual(t, "removed", l.RemoveReader(fd), true)
			continue
		}
		written(t, peer, "hello")
		untilSo(t, l, func() bool { return w.got.n == 5 })
		isEqual(t, name+": a reader is left", l.RemoveReader(fd), false)
	}
}
