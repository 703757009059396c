package engine_test

import (
	"context"
	"net"
	"syscall"
	"testing"
)

// TestSockAcceptExhausted: a process without descriptors is told, each time, and the
// connection is still there afterwards.
func TestSockAcceptExhausted(t *testing.T) { exhaustedChild(t, "SockAccept") }

func testSockExhausted(t *testing.T) {
	server, at := listening(t)
	l := newLoop(t)
	c, err := net.Dial("tcp", at.String())
	must(t, err)
	defer c.Close()
	runTask(t, l, func(ctx context.Context) {
		all := &crowd{t: t}
		all.fill(0)
		for range 3 {
			_, _, err := l.SockAccept(ctx, server)
			wantOpError(t, err, "accept", "tcp", syscall.EMFILE)
		}
		all.free(1)
		s, _, err := l.SockAccept(ctx, server)
		closedLater(t, s, err)
	})
	wantWatched(t, l, 0)
}
