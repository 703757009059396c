package engine_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// TestSockSendtoFull: a unix socket whose peer has a full queue is writable all the
// while; the loop rests between the tries. Draining, closing and a cancellation end
// the call.
func TestSockSendtoFull(t *testing.T) {
	dir := t.TempDir()
	far := newSocket(t, engine.AFUnix, engine.SockDgram)
	must(t, far.Bind(&net.UnixAddr{Name: filepath.Join(dir, "far"), Net: "unixgram"}))
	to := unixAddr(filepath.Join(dir, "far"))
	l := newLoop(t)
	sending := func(s *engine.Socket) *engine.Task[int] {
		return newTask(l, func(ctx context.Context) error {
			for {
				if _, err := l.SockSendto(ctx, s, []byte("x"), to); err != nil {
					return err
				}
			}
		})
	}
	closed, given := newSocket(t, engine.AFUnix, engine.SockDgram), newSocket(t, engine.AFUnix, engine.SockDgram)
	a, b := sending(closed), sending(given)
	turn(t, l)
	turn(t, l)
	before := l.Stats().Turns
	sleepIn(t, l, 20*time.Millisecond)
	if turns := l.Stats().Turns - before; turns > 200 {
		t.Errorf("the loop has made %d turns", turns)
	}
	wantPending(t, a)
	wantPending(t, b)
	must(t, closed.Close())
	wantErr(t, "of a closed socket", finish(t, l, a), net.ErrClosed)
	b.Cancel(errReason)
	wantCancellation(t, finish(t, l, b), errReason)

	patient := newSocket(t, engine.AFUnix, engine.SockDgram)
	c := newTask(l, func(ctx context.Context) error { _, err := l.SockSendto(ctx, patient, []byte("x"), to); return err })
	turn(t, l)
	wantPending(t, c)
	_, _, err := unix.Recvfrom(far.Fd(), make([]byte, 8), 0)
	must(t, err)
	must(t, finish(t, l, c))
}
