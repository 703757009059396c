//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

func TestSockRecv(t *testing.T) {
	prove(t, "SOCK-04", func(t *testing.T) {
		a, b := streams(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			_, err := l.SockSendall(ctx, b, []byte("hello"))
			must(t, err)
			for _, want := range []string{"hel", "lo"} {
				p, err := l.SockRecv(ctx, a, 3)
				if string(p) != want || err != nil {
					t.Errorf("got %q, %v, want %q", p, err, want)
				}
			}
			if p, err := l.SockRecv(ctx, a, 0); len(p) != 0 || err != nil {
				t.Errorf("nothing is %q, %v", p, err)
			}
			_, err = l.SockRecv(ctx, a, -1)
			wantArgError(t, "a negative number", err, "n")
			must(t, b.Shutdown(engine.ShutWR))
			for range 2 {
				if p, err := l.SockRecv(ctx, a, 3); p != nil || err != io.EOF {
					t.Errorf("at the end %q, %v, want io.EOF", p, err)
				}
			}
		})
	})
	prove(t, "SOCK-05", func(t *testing.T) {
		a, b := streams(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			_, err := l.SockSendall(ctx, b, []byte("hello"))
			must(t, err)
			buf := []byte("........")
			if n, err := l.SockRecvInto(ctx, a, buf); n != 5 || err != nil || string(buf) != "hello..." {
				t.Errorf("got %d, %v with %q", n, err, buf)
			}
			if n, err := l.SockRecvInto(ctx, a, nil); n != 0 || err != nil {
				t.Errorf("nothing is %d, %v", n, err)
			}
			must(t, b.Close())
			if n, err := l.SockRecvInto(ctx, a, buf); n != 0 || err != io.EOF {
				t.Errorf("at the end %d, %v, want io.EOF", n, err)
			}
		})
	})
}

// TestSockRecvMuch: what a stream gives at once has a limit, and a result that has
// been returned is nobody's but the caller's.
func TestSockRecvMuch(t *testing.T) {
	a, b := tcpPair(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		_, err := l.SockSendall(ctx, b, []byte("first"))
		must(t, err)
		first, err := l.SockRecv(ctx, a, 1<<30)
		must(t, err)
		_, err = l.SockSendall(ctx, b, []byte("other"))
		must(t, err)
		if _, err := l.SockRecv(ctx, a, 1<<30); err != nil || string(first) != "first" || cap(first) > 64 {
			t.Errorf("%v, the first result is %q, in %d bytes", err, first, cap(first))
		}
	})
}

// TestSockRecvOfAnyNumber: memory goes by what has arrived, and a datagram is whole.
func TestSockRecvOfAnyNumber(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		for _, typ := range []int{engine.SockStream, engine.SockDgram} {
			a, b, err := engine.SocketPair(engine.AFUnix, typ, 0)
			closedLater(t, a, err)
			closedLater(t, b, err)
			for _, text := range []string{"hello", "x"} {
				waits := newTask(l, func(ctx context.Context) error {
					p, err := l.SockRecv(ctx, a, math.MaxInt)
					wantSame(t, "received", p, []byte(text))
					return err
				})
				must(t, engine.Sleep(ctx, 0))
				written(t, b, text)
				await(t, ctx, waits)
				written(t, b, text)
				p, _, err := l.SockRecvfrom(ctx, a, math.MaxInt)
				must(t, err)
				wantSame(t, "received", p, []byte(text))
			}
		}
	})
}

// TestSockRecvLargeDatagram: one that is larger than what a stream gives at once is
// not cut.
func TestSockRecvLargeDatagram(t *testing.T) {
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockDgram, 0)
	closedLater(t, a, err)
	closedLater(t, b, err)
	_ = unix.SetsockoptInt(b.Fd(), unix.SOL_SOCKET, unix.SO_SNDBUF, 2<<20) // the system has a limit
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		data := noise(700_000)
		if _, err := l.SockSendall(ctx, b, data); errors.Is(err, syscall.EMSGSIZE) {
			t.Skip("the system sends no such datagram")
		} else {
			must(t, err)
		}
		written(t, b, "next")
		p, err := l.SockRecv(ctx, a, math.MaxInt)
		must(t, err)
		wantSame(t, "received", p, data)
		p, err = l.SockRecv(ctx, a, math.MaxInt)
		must(t, err)
		wantSame(t, "received", p, []byte("next"))
	})
}

func TestSockRecvfrom(t *testing.T) {
	prove(t, "SOCK-06", func(t *testing.T) {
		a, b, atA, atB := datagrams(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			for _, text := range []string{"hello", "", "x"} {
				_, err := l.SockSendto(ctx, b, []byte(text), atA)
				must(t, err)
			}
			for _, want := range []string{"he", "", "x"} {
				if p, from, err := l.SockRecvfrom(ctx, a, 2); string(p) != want || from != atB || err != nil {
					t.Errorf("got %q from %v, %v, want %q from %v", p, from, err, want, atB)
				}
			}
			_, _, err := l.SockRecvfrom(ctx, a, -1)
			wantArgError(t, "a negative number", err, "n")
		})
	})
	prove(t, "SOCK-07", func(t *testing.T) {
		a, b, atA, atB := datagrams(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			for n, want := range map[int]string{0: "hello...", 2: "he......", 8: "hello..."} {
				_, err := l.SockSendto(ctx, b, []byte("hello"), atA)
				must(t, err)
				buf := []byte("........")
				got, from, err := l.SockRecvfromInto(ctx, a, buf, n)
				if string(buf) != want || got != len(bytes.TrimRight(buf, ".")) || from != atB || err != nil {
					t.Errorf("with %d: %d from %v, %v, and %q, want %q", n, got, from, err, buf, want)
				}
			}
			for _, n := range []int{-1, 9} {
				_, _, err := l.SockRecvfromInto(ctx, a, make([]byte, 8), n)
				wantArgError(t, "a bad number", err, "n")
			}
		})
	})
}

// TestSockRecvfromStream: a stream has an end here too, and no sender to tell.
func TestSockRecvfromStream(t *testing.T) {
	a, b := tcpPair(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		_, err := l.SockSendall(ctx, b, []byte("xy"))
		must(t, err)
		if p, from, err := l.SockRecvfrom(ctx, a, 1); string(p) != "x" || from.IsValid() || err != nil {
			t.Errorf("got %q from %v, %v", p, from, err)
		}
		buf := make([]byte, 8)
		if n, from, err := l.SockRecvfromInto(ctx, a, buf, 0); n != 1 || from.IsValid() || err != nil {
			t.Errorf("got %d from %v, %v", n, from, err)
		}
		must(t, b.Shutdown(engine.ShutWR))
		if _, _, err := l.SockRecvfrom(ctx, a, 1); err != io.EOF {
			t.Errorf("at the end %v, want io.EOF", err)
		}
		if _, _, err := l.SockRecvfromInto(ctx, a, buf, 0); err != io.EOF {
			t.Errorf("at the end %v, want io.EOF", err)
		}
	})
}

// TestSockRecvDatagram: an empty datagram is no end, and the records of a socket
// that has both end as a stream does.
func TestSockRecvDatagram(t *testing.T) {
	for typ, want := range map[int]error{engine.SockDgram: nil, engine.SockSeqPacket: io.EOF} {
		a, b, err := engine.SocketPair(engine.AFUnix, typ, 0)
		closedLater(t, a, err)
		closedLater(t, b, err)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			_, err := l.SockSendall(ctx, b, nil)
			must(t, err)
			if p, err := l.SockRecv(ctx, a, 4); len(p) != 0 || err != want {
				t.Errorf("type %d: nothing is %q, %v, want %v", typ, p, err, want)
			}
		})
	}
}
