//go:build unix

package engine_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestSockElsewhere: a goroutine that is no loop's waits for the outcome.
func TestSockElsewhere(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	start(t, l)
	ctx := context.Background()
	data := noise(1 << 20)
	var sending sync.WaitGroup
	sending.Go(func() {
		if n, err := l.SockSendall(ctx, b, data); n != len(data) || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
	})
	wantSame(t, "what arrived", recvExactly(t, ctx, l, a, len(data), 1<<18), data)
	sending.Wait()
}

// TestSockElsewhereAccept: the socket that was accepted is the caller's.
func TestSockElsewhereAccept(t *testing.T) {
	server, at := listening(t)
	l := newLoop(t)
	start(t, l)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		s, peer, err := l.SockAccept(context.Background(), server)
		closedLater(t, s, err)
		wantAccepted(t, s, peer)
	})
	waitWatched(t, l, 1)
	c, err := net.Dial("tcp", at.String())
	must(t, err)
	defer c.Close()
	accepting.Wait()
}

// waitWatched waits until a loop that runs has so many descriptors registered.
func waitWatched(t *testing.T, l *engine.Loop, n int) {
	t.Helper()
	for l.Stats().Descriptors != n {
		onLoop(t, l, nop)
	}
}

// TestSockElsewhereGivesUp: a goroutine that gives up has its buffer back at once,
// and the socket for the next call; the loop lets go of it.
func TestSockElsewhereGivesUp(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	start(t, l)
	for range 50 {
		ctx, cancel := context.WithCancelCause(context.Background())
		buf := make([]byte, 8)
		var receiving sync.WaitGroup
		receiving.Go(func() {
			_, err := l.SockRecvInto(ctx, a, buf)
			wantErr(t, "the call", err, errReason)
			buf[0] = 'y' // which the race detector looks at
		})
		waitWatched(t, l, 1)
		cancel(errReason)
		receiving.Wait()
	}
	written(t, b, "hello")
	if p, err := l.SockRecv(context.Background(), a, 8); string(p) != "hello" || err != nil {
		t.Errorf("got %q, %v", p, err)
	}
	waitWatched(t, l, 0)
}

// TestSockOtherLoop: a task of another loop waits as its own would, and is cancelled
// as its own.
func TestSockOtherLoop(t *testing.T) {
	a, b := streams(t)
	l, other := newLoop(t), newLoop(t)
	start(t, l)
	runTask(t, other, func(ctx context.Context) {
		task := newTask(other, func(ctx context.Context) error {
			p, err := l.SockRecv(ctx, a, 8)
			if string(p) != "hello" {
				t.Errorf("got %q", p)
			}
			return err
		})
		must(t, engine.Sleep(ctx, 0))
		written(t, b, "hello")
		await(t, ctx, task)
		late := newTask(other, func(ctx context.Context) error { _, err := l.SockRecv(ctx, a, 8); return err })
		must(t, engine.Sleep(ctx, 0))
		late.Cancel(errReason)
		_, err := engine.Await(ctx, late)
		wantCancellation(t, err, errReason)
		written(t, b, "x")
		if p, err := l.SockRecv(ctx, a, 8); string(p) != "x" || err != nil {
			t.Errorf("got %q, %v", p, err)
		}
	})
}

// TestSockTwoLoops: the directions of a socket may be those of different loops, and
// closing it ends both.
func TestSockTwoLoops(t *testing.T) {
	a, _ := streams(t)
	l, other := newLoop(t), newLoop(t)
	start(t, l)
	start(t, other)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		_, err := l.SockRecv(context.Background(), a, 8)
		wantOpError(t, err, "recv", "unix", net.ErrClosed)
	})
	waiting.Go(func() {
		_, err := other.SockSendall(context.Background(), a, make([]byte, 1<<20))
		wantOpError(t, err, "send", "unix", net.ErrClosed)
	})
	waitWatched(t, l, 1)
	waitWatched(t, other, 1)
	was := fileOf(t, a)
	must(t, a.Close())
	waiting.Wait()
	for _, l := range []*engine.Loop{l, other} {
		waitWatched(t, l, 0)
	}
	wantClosed(t, was)
}

// TestSockAbandonedOnTheLoop: a task of the loop finds a socket free that a goroutine
// has given up, also before the loop was told.
func TestSockAbandonedOnTheLoop(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	start(t, l)
	ctx, cancel := context.WithCancel(context.Background())
	gaveUp := make(chan struct{})
	go func() {
		defer close(gaveUp)
		_, err := l.SockRecv(ctx, a, 8)
		wantErr(t, "the call", err, context.Canceled)
	}()
	waitWatched(t, l, 1)
	asking := make(chan struct{})
	done := engine.Submit(l, func(ctx context.Context) (string, error) {
		cancel()
		<-gaveUp // the loop stands still, so that it cannot know
		close(asking)
		p, err := l.SockRecv(ctx, a, 8)
		return string(p), err
	})
	<-asking
	onLoop(t, l, nop) // in a turn in which the task waits
	onLoop(t, l, nop) // and the one that was given up is over
	onLoop(t, l, func() {
		written(t, b, "hello")
		other := make(chan error)
		go func() { _, err := l.SockRecv(context.Background(), a, 8); other <- err }()
		wantErr(t, "a call beside it", <-other, engine.ErrFdInUse)
	})
	if p, err := done.Wait(context.Background()); p != "hello" || err != nil {
		t.Errorf("got %q, %v", p, err)
	}
}

// TestSockCloseStorm: sockets are closed from elsewhere while calls begin to wait for
// them; each call ends, and each descriptor is closed.
func TestSockCloseStorm(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	for i := range 200 {
		a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
		must(t, err)
		var calls sync.WaitGroup
		calls.Go(func() {
			_, err := l.SockRecv(context.Background(), a, 8)
			wantErr(t, "the receiver", err, net.ErrClosed)
		})
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*time.Microsecond)
			defer cancel()
			_, err := l.SockSendall(ctx, a, make([]byte, 1<<19))
			if !errors.Is(err, net.ErrClosed) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the sender: %v", err)
			}
		})
		for range i % 4 {
			onLoop(t, l, nop)
		}
		must(t, a.Close())
		calls.Wait()
		must(t, b.Close())
	}
	waitWatched(t, l, 0)
}
