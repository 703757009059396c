//go:build unix

package engine_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// receiving is a task that waits to receive from s.
func receiving(t *testing.T, l *engine.Loop, s *engine.Socket, into *[]byte) *engine.Task[int] {
	t.Helper()
	return waitingTask(t, l, func(ctx context.Context) (err error) {
		*into, err = l.SockRecv(ctx, s, 8)
		return err
	})
}

// written puts bytes into a socket, past the loop.
func written(t *testing.T, s *engine.Socket, text string) {
	t.Helper()
	if _, err := syscall.Write(s.Fd(), []byte(text)); err != nil {
		t.Errorf("write: %v", err)
	}
}

func TestSockCancel(t *testing.T) {
	prove(t, "SOCK-16", func(t *testing.T) {
		a, b := streams(t)
		l := newLoop(t)
		var got []byte
		task := receiving(t, l, a, &got)
		wantWatched(t, l, 1)
		task.Cancel(errReason)
		wantWatched(t, l, 0)
		wantCancellation(t, finish(t, l, task), errReason)

		late := receiving(t, l, a, &got) // its event comes first, then the request
		written(t, b, "hello")
		turn(t, l)
		late.Cancel(errReason)
		wantCancellation(t, finish(t, l, late), errReason)
		runTask(t, l, func(ctx context.Context) {
			if p, err := l.SockRecv(ctx, a, 8); string(p) != "hello" || got != nil || err != nil {
				t.Errorf("%q is left, and the cancelled calls got %q, %v", p, got, err)
			}
		})
	})
	prove(t, "SOCK-17", func(t *testing.T) {
		a, b := streams(t)
		l := newLoop(t)
		var first, second []byte
		task := receiving(t, l, a, &first)
		var next *engine.Task[int]
		l.CallSoon(func() {
			task.Cancel(nil)
			next = newTask(l, func(ctx context.Context) (err error) { second, err = l.SockRecv(ctx, a, 8); return err })
		})
		turn(t, l)
		wantErr(t, "the first", finish(t, l, task), engine.ErrCancelled)
		wantWatched(t, l, 1)
		written(t, b, "hello")
		must(t, finish(t, l, next))
		if string(second) != "hello" || first != nil {
			t.Errorf("got %q and %q", first, second)
		}
		readerAfterCancel(t, l, a, b)
	})
	prove(t, "SOCK-18", func(t *testing.T) {
		for name, call := range sockCalls {
			if name == "SockSendto" || name == "SockConnect" || name == "SockAccept" || name == "SockSendall" {
				continue
			}
			a, b := streams(t)
			l := newLoop(t)
			var got []byte
			first := receiving(t, l, a, &got)
			wantErr(t, name, finish(t, l, newTask(l, func(ctx context.Context) error { return call(ctx, l, a) })), engine.ErrFdInUse)
			written(t, b, "hello")
			wantErr(t, name+" beside what has arrived", finish(t, l, newTask(l, func(ctx context.Context) error { return call(ctx, l, a) })), engine.ErrFdInUse)
			must(t, finish(t, l, first))
			if string(got) != "hello" {
				t.Errorf("the first got %q", got)
			}
		}
	})
}

// readerAfterCancel: a reader takes the place of a call that was cancelled.
func readerAfterCancel(t *testing.T, l *engine.Loop, a, b *engine.Socket) {
	t.Helper()
	var got []byte
	task := receiving(t, l, a, &got)
	l.CallSoon(func() {
		task.Cancel(nil)
		must(t, l.AddReader(a.Fd(), func() { l.Stop() }))
	})
	turn(t, l)
	written(t, b, "x")
	run(t, l) // until the reader stops it
	if !l.RemoveReader(a.Fd()) {
		t.Error("there is no reader")
	}
}

// TestSockSecondSend: one call at a time sends.
func TestSockSecondSend(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	data := noise(1 << 20)
	first := waitingTask(t, l, func(ctx context.Context) error { _, err := l.SockSendall(ctx, a, data); return err })
	runTask(t, l, func(ctx context.Context) {
		n, err := l.SockSendall(ctx, a, []byte("x"))
		if wantErr(t, "a second send", err, engine.ErrFdInUse); n != 0 {
			t.Errorf("it has sent %d", n)
		}
		wantSame(t, "what was sent", recvExactly(t, ctx, l, b, len(data), 1<<18), data)
		await(t, ctx, first)
	})
}

func TestSockInUse(t *testing.T) {
	prove(t, "SOCK-20", func(t *testing.T) {
		inTaskWith(t, func(ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) {
			fd := s.Fd()
			p := takeOver(t, ctx, l, s)
			for name, call := range sockCalls {
				wantOpError(t, call(ctx, l, s), opOf[name], "tcp", net.ErrClosed)
			}
			stranger := engine.SocketOn(fd, p.transport.ExtraInfo("socket").(*engine.TransportSocket))
			_, err := l.SockRecv(ctx, stranger, 8)
			wantOpError(t, err, "recv", "tcp", engine.ErrFdInUse)
			_, err = other.Write([]byte("hello"))
			must(t, err)
			if text, err := engine.Await(ctx, p.got); text != "hello" || err != nil {
				t.Errorf("the transport got %q, %v", text, err)
			}
			p.closes(t, ctx)
			rest(t, other)
		})
	})
	prove(t, "FD-08", func(t *testing.T) {
		inTaskWith(t, func(ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) {
			fd := s.Fd()
			p := takeOver(t, ctx, l, s)
			wantErr(t, "AddReader", l.AddReader(fd, nop), engine.ErrFdInUse)
			wantErr(t, "AddWriter", l.AddWriter(fd, nop), engine.ErrFdInUse)
			if l.RemoveReader(fd) || l.RemoveWriter(fd) {
				t.Error("the transport's watcher was removed")
			}
			_, err := other.Write([]byte("hello"))
			must(t, err)
			if text, err := engine.Await(ctx, p.got); text != "hello" || err != nil {
				t.Errorf("the transport got %q, %v", text, err)
			}
			p.closes(t, ctx)
			rest(t, other)
		})
	})
}

// TestSockBesideReader: a call and a reader do not share a direction, and a call and
// a writer each have their own.
func TestSockBesideReader(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	var got []byte
	task := receiving(t, l, a, &got)
	wantErr(t, "a reader", l.AddReader(a.Fd(), nop), engine.ErrFdInUse)
	if l.RemoveReader(a.Fd()) {
		t.Error("the call was removed as a reader")
	}
	writes := 0
	must(t, l.AddWriter(a.Fd(), func() { writes++ }))
	written(t, b, "hello")
	must(t, finish(t, l, task))
	if string(got) != "hello" || writes == 0 || !l.RemoveWriter(a.Fd()) {
		t.Errorf("got %q, %d calls of the writer", got, writes)
	}
	must(t, l.AddReader(a.Fd(), nop))
	runTask(t, l, func(ctx context.Context) {
		_, err := l.SockRecv(ctx, a, 8)
		wantOpError(t, err, "recv", "unix", engine.ErrFdInUse)
		written(t, b, "x")
		if p, err := l.SockRecv(ctx, a, 8); string(p) != "x" || err != nil {
			t.Errorf("what has arrived is %q, %v", p, err)
		}
	})
	if !l.RemoveReader(a.Fd()) {
		t.Error("the reader is gone")
	}
	wantWatched(t, l, 0)
}

// TestSockLimits: the ends of a ctx are those of the call.
func TestSockLimits(t *testing.T) {
	a, _ := streams(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		_, err := engine.WaitFor(ctx, newTask(l, func(ctx context.Context) error { _, err := l.SockRecv(ctx, a, 1); return err }), time.Millisecond)
		wantErr(t, "WaitFor", err, engine.ErrTimeout)
		limited, cancel := context.WithCancelCause(ctx)
		l.CallSoon(func() { cancel(errReason) })
		_, err = l.SockRecv(limited, a, 1)
		wantErr(t, "a context that ends", err, errReason)
		_, err = l.SockRecv(limited, a, 1)
		wantErr(t, "a context that has ended", err, errReason)
	})
	wantWatched(t, l, 0)
}

func TestSockClose(t *testing.T) {
	prove(t, "SOCK-21", func(t *testing.T) {
		t.Run("on the loop", func(t *testing.T) { testClosedUnder(t, (*engine.Socket).Close) })
		t.Run("elsewhere", func(t *testing.T) {
			testClosedUnder(t, func(s *engine.Socket) (err error) {
				done := make(chan struct{})
				go func() { defer close(done); err = s.Close() }()
				<-done
				return err
			})
		})
	})
}

// testClosedUnder closes a socket on which calls wait in both directions, and of
// which a duplicate lives on.
func testClosedUnder(t *testing.T, closing func(*engine.Socket) error) {
	a, b := streams(t)
	twin, err := a.Dup()
	closedLater(t, twin, err)
	l := newLoop(t)
	var got []byte
	reads := receiving(t, l, a, &got)
	writes := waitingTask(t, l, func(ctx context.Context) error { _, err := l.SockSendall(ctx, a, make([]byte, 1<<20)); return err })
	was := fileOf(t, a)
	l.CallSoon(func() { must(t, errors.Join(closing(a), closing(a))) })
	turn(t, l)
	if a.Fd() != -1 {
		t.Error("the socket is there")
	}
	wantOpError(t, finish(t, l, reads), "recv", "unix", net.ErrClosed)
	wantOpError(t, finish(t, l, writes), "send", "unix", net.ErrClosed)
	wantWatched(t, l, 0)
	wantClosed(t, was)
	must(t, a.Close())
	written(t, b, "x") // what the duplicate gets, and no call
	turn(t, l)
	if got != nil {
		t.Errorf("the call got %q", got)
	}
}

// TestSockClosedBehindEvent: a call whose event has come when the socket is closed
// does not touch the file that gets its number.
func TestSockClosedBehindEvent(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	var got []byte
	task := receiving(t, l, a, &got)
	written(t, b, "x")
	turn(t, l) // the event has come, the task has not gone on
	must(t, a.Close())
	c, d := streams(t)
	written(t, c, "c")
	written(t, d, "d")
	wantOpError(t, finish(t, l, task), "recv", "unix", net.ErrClosed)
	runTask(t, l, func(ctx context.Context) {
		for s, want := range map[*engine.Socket]string{c: "d", d: "c"} {
			if p, err := l.SockRecv(ctx, s, 8); string(p) != want || err != nil || got != nil {
				t.Errorf("%q, %v is left, and the call got %q", p, err, got)
			}
		}
	})
}

// TestSockTakenFromSender: the same for one that is to be written to.
func TestSockTakenFromSender(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	task := waitingTask(t, l, func(ctx context.Context) error { _, err := l.SockSendall(ctx, a, make([]byte, 1<<19)); return err })
	if _, err := syscall.Read(b.Fd(), make([]byte, 1<<19)); err != nil {
		t.Error(err)
	}
	turn(t, l) // the event has come, the task has not gone on
	_, err := a.Take("connect")
	wantOpError(t, err, "connect", "unix", engine.ErrFdInUse)
	task.Cancel(nil)
	wantErr(t, "the call", finish(t, l, task), engine.ErrCancelled)
}

// TestSockTaken: a socket that somebody waits for is not given away.
func TestSockTaken(t *testing.T) {
	a, b := streams(t)
	l := newLoop(t)
	var got []byte
	task := receiving(t, l, a, &got)
	_, err := a.Take("connect")
	wantOpError(t, err, "connect", "unix", engine.ErrFdInUse)
	written(t, b, "hello")
	turn(t, l) // the event has come, the task has not gone on
	_, err = a.Take("connect")
	wantOpError(t, err, "connect", "unix", engine.ErrFdInUse)
	must(t, finish(t, l, task))
	fd, err := a.Take("connect")
	must(t, err)
	must(t, syscall.Close(fd))
	if string(got) != "hello" {
		t.Errorf("the call got %q", got)
	}
}

// TestSockLoopClosed: the end of the loop ends the calls, and closes a socket that
// was closed under them.
func TestSockLoopClosed(t *testing.T) {
	for _, before := range []bool{true, false} {
		a, _ := streams(t)
		l := newLoop(t)
		reported(l)
		var got []byte
		task := receiving(t, l, a, &got)
		was := fileOf(t, a)
		if before {
			must(t, a.Close()) // on a goroutine that is not the loop's
		}
		must(t, l.Close())
		if !before {
			must(t, a.Close())
		}
		wantErr(t, "the call", task.Err(), engine.ErrLoopClosed)
		wantClosed(t, was)
	}
}
