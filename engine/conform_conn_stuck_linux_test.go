package engine_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// stuck is an address of this machine that does not answer: its queue is full.
func stuck(t *testing.T) netip.AddrPort {
	t.Helper()
	s := newSocket(t, engine.AFInet, engine.SockStream)
	must(t, s.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	must(t, s.Listen(0))
	at := nameOf(t, s)
	c, err := net.Dial("tcp", at.String())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return at
}

// connecting begins to connect, and returns when there is a descriptor.
func connecting(t *testing.T, ctx context.Context, l *engine.Loop, o engine.ConnectOptions) *engine.Task[int] {
	t.Helper()
	before := openDescriptors(t)
	task := newTask(l, func(ctx context.Context) error {
		_, _, err := l.CreateConnection(ctx, func() engine.Protocol { panic("nobody is there") }, o)
		return err
	})
	for openDescriptors(t) == before && !task.Done() {
		_ = engine.Sleep(ctx, 0)
	}
	return task
}

func TestConnectCancelConnecting(t *testing.T) {
	prove(t, "CONN-38", func(t *testing.T) {
		at := stuck(t)
		l := newLoop(t)
		knows(l, at, at, at)
		runTask(t, l, func(ctx context.Context) {
			for i := range 10 {
				o := byName()
				o.HappyEyeballsDelay = time.Duration(i % 2) // all three at once, or one
				before := openDescriptors(t)
				task := connecting(t, ctx, l, o)
				task.Cancel(errReason)
				_, _ = engine.Await(ctx, task)
				wantCancelled(t, task, errReason)
				if n := openDescriptors(t); n > before { // the collector may close some of earlier tests
					t.Errorf("%d descriptors, %d before", n, before)
				}
			}
		})
	})
}

// TestConnectContextConnecting: the cause of a context is told as it is.
func TestConnectContextConnecting(t *testing.T) {
	at := stuck(t)
	l := newLoop(t)
	o := engine.ConnectOptions{Host: "127.0.0.1", Port: at.Port()}
	runTask(t, l, func(ctx context.Context) {
		ctx, cancel := context.WithCancelCause(ctx)
		l.CallLater(time.Millisecond, func() { cancel(errReason) })
		if err := wantNoConnection(t, ctx, l, o); err != errReason {
			t.Errorf("%v, want the reason itself", err)
		}
	})
	runTask(t, l, func(ctx context.Context) {
		ctx, cancel := engine.Timeout(ctx, time.Millisecond)
		defer cancel()
		wantErr(t, "a time limit", wantNoConnection(t, ctx, l, o), engine.ErrTimeout)
	})
}

// TestHappyEyeballsConnect: the address behind one that is silent is reached,
// and that behind it left alone.
func TestHappyEyeballsConnect(t *testing.T) {
	silent, somebody, other := stuck(t), newOutpost(t), newOutpost(t)
	l := newLoop(t)
	knows(l, silent, refusing(t), somebody.at(), other.at())
	o := byName()
	o.HappyEyeballsDelay = time.Millisecond
	runTask(t, l, func(ctx context.Context) {
		before := openDescriptors(t)
		tr, p := connect(t, ctx, l, o)
		if peer := tr.ExtraInfo("peername").(net.Addr).String(); peer != somebody.Addr().String() && peer != other.Addr().String() {
			t.Errorf("it is connected to %s", peer)
		}
		p.closes(t, ctx)
		if n := openDescriptors(t); n > before+2 { // of the listeners
			t.Errorf("%d descriptors, %d before", n, before)
		}
	})
}

// fullUnix is the path of a unix server whose queue is full, and its socket.
func fullUnix(t *testing.T) (string, *engine.Socket) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "full")
	s := newSocket(t, engine.AFUnix, engine.SockStream)
	must(t, s.Bind(&net.UnixAddr{Name: path, Net: "unix"}))
	must(t, s.Listen(0))
	c, err := net.Dial("unix", path)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return path, s
}

// TestUnixConnectFull: it waits until there is room.
func TestUnixConnectFull(t *testing.T) {
	path, s := fullUnix(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		p := newNear(l)
		accepted := false
		l.CallLater(10*time.Millisecond, func() {
			p.want(t)
			accepted = true
			fd, _, err := syscall.Accept(int(s.Fd()))
			must(t, err)
			closeFD(fd)
		})
		_, _, err := l.CreateUnixConnection(ctx, func() engine.Protocol { return p }, engine.UnixConnectOptions{Path: path})
		must(t, err)
		if !accepted {
			t.Error("it did not wait")
		}
		p.closes(t, ctx)
	})
}

// TestUnixConnectFullEnds: it waits no longer than its context.
func TestUnixConnectFullEnds(t *testing.T) {
	path, _ := fullUnix(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		ctx, cancel := context.WithCancelCause(ctx)
		l.CallLater(3*time.Millisecond, func() { cancel(errReason) })
		before := openDescriptors(t)
		_, _, err := l.CreateUnixConnection(ctx, func() engine.Protocol { return newNear(l) }, engine.UnixConnectOptions{Path: path})
		if err != errReason {
			t.Errorf("%v, want the reason itself", err)
		}
		if n := openDescriptors(t); n > before { // the collector may close some of earlier tests
			t.Errorf("%d descriptors, %d before", n, before)
		}
	})
}

// abstractPaths are the ways to write a name that has no file.
func abstractPaths(t *testing.T) []string {
	t.Helper()
	name := fmt.Sprintf("shardloop-%d-%s", os.Getpid(), t.Name())
	outpostAt(t, "unix", "@"+name)
	return []string{"@" + name, "\x00" + name}
}
