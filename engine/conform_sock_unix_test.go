//go:build unix

package engine_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func TestSockNeeds(t *testing.T) {
	prove(t, "SOCK-01", func(t *testing.T) {
		for _, debug := range []bool{false, true} {
			l := newLoop(t, engine.Config{Debug: debug})
			for name, call := range sockCalls {
				s := newSocket(t, engine.AFInet, engine.SockDgram)
				must(t, syscall.SetNonblock(s.Fd(), false))
				if name == "SockRecv" && !debug {
					task := waitingTask(t, l, func(ctx context.Context) error { return call(ctx, l, s) })
					task.Cancel(nil)
					wantErr(t, "it waits, the loop does not", finish(t, l, task), engine.ErrCancelled)
				}
				if debug || name == "SockAccept" || name == "SockConnect" {
					runTask(t, l, func(ctx context.Context) { wantArgError(t, name, call(ctx, l, s), "s") })
				}
			}
		}
	})
	prove(t, "SOCK-02", func(t *testing.T) {
		if _, ok := any((*tls.Conn)(nil)).(syscall.Conn); ok {
			t.Error("SocketFrom takes a TLS connection")
		}
		socket, loop, methods := reflect.TypeFor[*engine.Socket](), reflect.TypeFor[*engine.Loop](), 0
		for i := range loop.NumMethod() {
			if m := loop.Method(i); strings.HasPrefix(m.Name, "Sock") {
				methods++
				wantSame(t, m.Name+"'s socket", m.Type.In(2), socket)
			}
		}
		wantSame(t, "Sock calls", methods >= len(sockCalls), true)
		l := newLoop(t)
		for name, call := range sockCalls {
			runTask(t, l, func(ctx context.Context) { wantArgError(t, name, call(ctx, l, nil), "s") })
		}
	})
	prove(t, "SOCK-03", func(t *testing.T) {
		spy := newSpy(t)
		counting := &countingPoller{Poller: spy.Poller}
		l := newLoop(t, engine.Config{Poller: counting})
		a, b := streams(t)
		runTask(t, l, func(ctx context.Context) {
			turns := l.Stats().Turns
			for range 3 {
				_, err := l.SockSendall(ctx, a, []byte("x"))
				must(t, err)
				_, err = l.SockRecv(ctx, b, 1)
				must(t, err)
			}
			if counting.adds != 0 || l.Stats().Turns != turns {
				t.Errorf("%d registrations for what needs none", counting.adds)
			}
			task := newTask(l, func(ctx context.Context) error { _, err := l.SockRecv(ctx, b, 1); return err })
			must(t, engine.Sleep(ctx, 0))
			must(t, engine.Sleep(ctx, 0))
			if counting.adds != 1 {
				t.Errorf("%d registrations for what waits, want 1", counting.adds)
			}
			_, err := l.SockSendall(ctx, a, []byte("x"))
			must(t, err)
			await(t, ctx, task)
		})
		for err, want := range map[error]bool{nil: false, syscall.EAGAIN: true, syscall.EINTR: true, syscall.EPIPE: false} {
			wantSame(t, fmt.Sprint("waiting after ", err), engine.SockWaits(err), want)
		}
	})
}

// countingPoller counts registrations.
type countingPoller struct {
	poller.Poller
	adds int
}

func (c *countingPoller) Add(fd int, t poller.Token, i poller.Interest) error {
	c.adds++
	return c.Poller.Add(fd, t, i)
}

// TestSockOutside: where a call must not wait it does nothing, and where nothing has
// to be waited for it needs the loop all the same.
func TestSockOutside(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	_, err := syscall.Write(b.Fd(), []byte("x"))
	must(t, err)
	for name, call := range sockCalls {
		if name == "SockSendto" {
			continue // which the address does not fit
		}
		wantErr(t, name+" without a loop that runs", call(context.Background(), l, a), engine.ErrLoopNotRunning)
		l.CallSoon(func() { wantErr(t, name+" in a callback", call(context.Background(), l, a), engine.ErrNotInTask) })
		turn(t, l)
	}
	start(t, l)
	if p, err := l.SockRecv(context.Background(), a, 8); string(p) != "x" || err != nil {
		t.Errorf("got %q, %v", p, err)
	}
	closeLoop(t, l)
	_, err = l.SockRecv(context.Background(), a, 8)
	wantErr(t, "a closed loop", err, engine.ErrLoopClosed)
}

// TestSockClosed: no call uses a socket that is closed, or that another has taken.
func TestSockClosed(t *testing.T) {
	l := newLoop(t)
	for name, call := range sockCalls {
		s := newSocket(t, engine.AFInet, engine.SockStream)
		must(t, s.Close())
		runTask(t, l, func(ctx context.Context) {
			wantOpError(t, call(ctx, l, s), opOf[name], "tcp", net.ErrClosed)
		})
	}
}
