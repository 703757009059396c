//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// noise is n bytes without a pattern.
func noise(n int) []byte {
	p := make([]byte, n)
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

// recvExactly receives n bytes in pieces of at most so many.
func recvExactly(t *testing.T, ctx context.Context, l *engine.Loop, s *engine.Socket, n, piece int) []byte {
	t.Helper()
	var all []byte
	for len(all) < n {
		p, err := l.SockRecv(ctx, s, piece)
		if err != nil {
			t.Errorf("after %d of %d bytes: %v", len(all), n, err)
			break
		}
		all = append(all, p...)
	}
	return all
}

// await waits for a task and complains of its error.
func await(t *testing.T, ctx context.Context, task *engine.Task[int]) {
	t.Helper()
	if _, err := engine.Await(ctx, task); err != nil {
		t.Errorf("the task: %v", err)
	}
}

func TestSockSendall(t *testing.T) {
	prove(t, "SOCK-08", func(t *testing.T) {
		a, b := streams(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			data := noise(3 << 20) // more than there is room for
			sending := newTask(l, func(ctx context.Context) error {
				n, err := l.SockSendall(ctx, b, data)
				if n != len(data) {
					t.Errorf("%d bytes were sent, want %d", n, len(data))
				}
				return err
			})
			if got := recvExactly(t, ctx, l, a, len(data), 100_000); !bytes.Equal(got, data) {
				t.Error("other bytes arrived")
			}
			await(t, ctx, sending)
			n, err := l.SockSendall(ctx, b, nil)
			if n != 0 || err != nil {
				t.Errorf("nothing sent is %d, %v", n, err)
			}
		})
	})
	prove(t, "SOCK-09", func(t *testing.T) {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGPIPE)
		defer signal.Stop(signals)
		for _, pair := range []func(*testing.T) (a, b *engine.Socket){streams, tcpPair} {
			a, b := pair(t)
			must(t, a.Close())
			l := newLoop(t)
			runTask(t, l, func(ctx context.Context) {
				var err error
				for err == nil {
					_, err = l.SockSendall(ctx, b, make([]byte, 1<<16))
				}
				if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("got %v, want EPIPE or ECONNRESET", err)
				}
				var failed *net.OpError
				if !errors.As(err, &failed) || failed.Op != "send" {
					t.Errorf("%v is no failed send", err)
				}
			})
		}
		select {
		case s := <-signals:
			t.Errorf("got the signal %v", s)
		default:
		}
	})
}

// TestSockSendallBroken: a send that waits ends when the peer is gone, and tells how
// much it has sent.
func TestSockSendallBroken(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	sent := 0
	task := waitingTask(t, l, func(ctx context.Context) (err error) {
		sent, err = l.SockSendall(ctx, b, make([]byte, 8<<20))
		return err
	})
	must(t, a.Close())
	wantErr(t, "the send", finish(t, l, task), syscall.EPIPE)
	if sent <= 0 || sent >= 8<<20 {
		t.Errorf("%d bytes were sent, want some", sent)
	}
	wantWatched(t, l, 0)
}

func TestSockSendto(t *testing.T) {
	prove(t, "SOCK-10", func(t *testing.T) {
		dir := t.TempDir()
		a, b := newSocket(t, engine.AFUnix, engine.SockDgram), newSocket(t, engine.AFUnix, engine.SockDgram)
		path := filepath.Join(dir, "a")
		must(t, a.Bind(&net.UnixAddr{Name: path}))
		l := newLoop(t)
		sent, received := 0, 0
		filling := waitingTask(t, l, func(ctx context.Context) error {
			for range 1000 { // more than a queue has room for
				n, err := l.SockSendto(ctx, b, []byte("hello"), unixAddr(path))
				if n != 5 || err != nil {
					return errors.Join(errFails, err)
				}
				sent++
			}
			return nil
		})
		draining := newTask(l, func(ctx context.Context) error {
			for ; received < 1000; received++ {
				if p, err := l.SockRecv(ctx, a, 16); string(p) != "hello" || err != nil {
					return errors.Join(errFails, err)
				}
			}
			return nil
		})
		must(t, finish(t, l, filling))
		must(t, finish(t, l, draining))
		if sent != received {
			t.Errorf("%d were sent and %d received", sent, received)
		}
		wantWatched(t, l, 0)
	})
	prove(t, "SOCK-29", func(t *testing.T) {
		s, _ := boundDatagrams(t)
		gone, at := boundDatagrams(t)
		must(t, gone.Close())
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			must(t, l.SockConnect(ctx, s, at.String()))
			_, err := l.SockSendall(ctx, s, []byte("hello"))
			must(t, err)
			_, _, err = l.SockRecvfrom(ctx, s, 8)
			failed := wantOpError(t, err, "recvfrom", "udp", syscall.ECONNREFUSED)
			local, _ := s.LocalAddr()
			wantSame(t, "the addresses", []net.Addr{failed.Source, failed.Addr}, []net.Addr{local, &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: int(at.Port())}})
			wantSame(t, "the cause", failed.Err, os.NewSyscallError("recvfrom", syscall.ECONNREFUSED))
		})
	})
}

// TestSockSendtoWrong: addresses that a socket cannot send to.
func TestSockSendtoWrong(t *testing.T) {
	s, at := boundDatagrams(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		for _, to := range []engine.Addr{{}, unixAddr("x"), inetAddr("[::1]:9")} {
			_, err := l.SockSendto(ctx, s, []byte("x"), to)
			wantArgError(t, to.String(), err, "to")
		}
		_, err := l.SockSendto(ctx, s, make([]byte, 1<<17), at)
		if failed := wantOpError(t, err, "sendto", "udp", syscall.EMSGSIZE); failed.Addr == nil || failed.Addr.String() != at.String() {
			t.Errorf("it is about %v, want %v", failed.Addr, at)
		}
	})
}

func TestSockBothWays(t *testing.T) {
	prove(t, "SOCK-19", func(t *testing.T) {
		a, b := tcpPair(t)
		l := newLoop(t)
		receiving := waitingTask(t, l, func(ctx context.Context) error {
			p, err := l.SockRecv(ctx, b, 8)
			if string(p) != "hello" {
				t.Errorf("got %q", p)
			}
			return err
		})
		sending := waitingTask(t, l, func(ctx context.Context) error {
			_, err := l.SockSendall(ctx, b, make([]byte, 16<<20))
			return err
		})
		wantWatched(t, l, 1)
		runTask(t, l, func(ctx context.Context) {
			_, err := l.SockSendall(ctx, a, []byte("hello"))
			must(t, err)
			await(t, ctx, receiving)
			if sending.Done() {
				t.Error("it was sent before somebody read it")
			}
			recvExactly(t, ctx, l, a, 16<<20, 1<<18)
			await(t, ctx, sending)
		})
		wantWatched(t, l, 0)
	})
	prove(t, "SOCK-27", func(t *testing.T) {
		l := newLoop(t)
		path := filepath.Join(t.TempDir(), "s")
		server, client := newSocket(t, engine.AFUnix, engine.SockStream), newSocket(t, engine.AFUnix, engine.SockStream)
		must(t, server.Bind(&net.UnixAddr{Name: path}))
		must(t, server.Listen(1))
		runTask(t, l, func(ctx context.Context) {
			must(t, l.SockConnect(ctx, client, path))
			conn, peer, err := l.SockAccept(ctx, server)
			closedLater(t, conn, err)
			if !peer.IsUnix() || peer.Name() != "" {
				t.Errorf("the peer is %v, want one without a name", peer)
			}
			_, err = l.SockSendall(ctx, client, []byte("hello"))
			must(t, err)
			if p := recvExactly(t, ctx, l, conn, 5, 8); string(p) != "hello" {
				t.Errorf("got %q", p)
			}
			must(t, client.Close())
			if _, err := l.SockRecv(ctx, conn, 1); err != io.EOF {
				t.Errorf("got %v, want the end", err)
			}
		})
	})
	prove(t, "SOCK-28", func(t *testing.T) {
		a, b := tcpPair(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			data := noise(1 << 20)
			echoing := newTask(l, func(ctx context.Context) error { return echoOn(ctx, l, a) })
			sending := newTask(l, func(ctx context.Context) error {
				_, err := l.SockSendall(ctx, b, data)
				return errors.Join(err, b.Shutdown(engine.ShutWR))
			})
			if got := recvExactly(t, ctx, l, b, len(data), 10_000); !bytes.Equal(got, data) {
				t.Error("other bytes came back")
			}
			await(t, ctx, sending)
			await(t, ctx, echoing)
		})
	})
}

// echoOn sends back what comes, until the end.
func echoOn(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := l.SockRecvInto(ctx, s, buf)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			_, err = l.SockSendall(ctx, s, buf[:n])
		}
		if err != nil {
			return err
		}
	}
}
