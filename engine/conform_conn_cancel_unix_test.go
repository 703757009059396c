//go:build unix

package engine_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestConnectCancelResolving: the lookup ends with the wait for it.
func TestConnectCancelResolving(t *testing.T) {
	l := newLoop(t)
	asked, over := make(chan struct{}), make(chan struct{})
	l.SetLookup(engine.LookupContext(func(ctx context.Context) ([]engine.AddrInfo, error) {
		close(asked)
		<-ctx.Done()
		close(over)
		return nil, ctx.Err()
	}))
	runTask(t, l, func(ctx context.Context) {
		task := newTask(l, func(ctx context.Context) error { return wantNoConnection(t, ctx, l, byName()) })
		_ = engine.Sleep(ctx, 0)
		<-asked
		task.Cancel(errReason)
		_, _ = engine.Await(ctx, task)
		wantCancelled(t, task, errReason)
	})
	<-over
}

// TestConnectEndOfContext: the cause is told as it is, at every stage.
func TestConnectEndOfContext(t *testing.T) {
	far := newOutpost(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(errReason)
		for what, o := range map[string]engine.ConnectOptions{"a name": byName(), "an address": far.options()} {
			if err := wantNoConnection(t, ctx, l, o); err != errReason {
				t.Errorf("%s: %v, want the reason itself", what, err)
			}
		}
	})
}

// abandoned connects in a task that is cancelled before its protocol knows, and
// wants the connection to be closed once it does.
func abandoned(t *testing.T, far *outpost, o engine.ConnectOptions, inFactory bool) {
	t.Helper()
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		var p *near
		var task *engine.Task[int]
		task = newTask(l, func(ctx context.Context) error {
			tr, _, err := engine.Connect(ctx, l, func() *near {
				p = newNear(l)
				if inFactory {
					task.Cancel(errReason)
				} else {
					p.onMade = func(engine.Transport) { task.Cancel(errReason) }
				}
				return p
			}, o)
			if tr != nil {
				t.Errorf("the transport is %v", tr)
			}
			return err
		})
		_, _ = engine.Await(ctx, task)
		wantCancelled(t, task, errReason)
		p.wantLost(t, ctx)
		p.want(t, "made", "lost")
	})
	if text := rest(t, <-far.conns); text != "" {
		t.Errorf("the peer got %q", text)
	}
}

func TestConnectCancelMade(t *testing.T) {
	prove(t, "CONN-39", func(t *testing.T) {
		far := newOutpost(t)
		abandoned(t, far, far.options(), true)
		abandoned(t, far, far.options(), false)
	})
	prove(t, "CONN-14", func(t *testing.T) {
		far := newOutpost(t)
		c, err := net.Dial("tcp", far.Addr().String())
		must(t, err)
		s, err := engine.SocketFrom(c.(*net.TCPConn))
		must(t, err)
		must(t, c.Close())
		abandoned(t, far, engine.ConnectOptions{Sock: s}, true)
		k := newSocket(t, engine.AFInet, engine.SockStream) // has the number now, most likely
		must(t, s.Close())
		if _, err := k.Option(syscall.SOL_SOCKET, syscall.SO_TYPE); err != nil {
			t.Errorf("a socket was closed that is another's: %v", err)
		}
	})
}

// TestConnectForgotten: a goroutine that gives up when the connection is made
// already, but it was not told, leaves nothing open.
func TestConnectForgotten(t *testing.T) {
	far := newOutpost(t)
	l := newLoop(t)
	start(t, l)
	ctx, cancel := context.WithCancelCause(t.Context())
	returned, lost := make(chan error, 1), make(chan struct{})
	factory := func() engine.Protocol {
		p := newNear(l)
		p.ended.AddDoneCallback(func(*engine.Future[error]) { close(lost) })
		p.onMade = func(engine.Transport) {
			l.CallSoon(func() { // the turn in which the task ends
				l.CallSoon(func() { // before the end is told
					cancel(errReason)
					returned <- <-returned
				})
			})
		}
		return p
	}
	_, _, err := l.CreateConnection(ctx, factory, far.options())
	returned <- err
	wantErr(t, "the goroutine", err, errReason)
	<-lost
	rest(t, <-far.conns)
}

// TestConnectElsewhere: another goroutine, and a task of another loop, may
// connect too.
func TestConnectElsewhere(t *testing.T) {
	far := newOutpost(t)
	l, other := newLoop(t), newLoop(t)
	start(t, l)
	end := func(tr engine.Transport, p engine.Protocol, err error) {
		must(t, err)
		if tr.Loop() != l {
			t.Errorf("it is on %v, want %v", tr.Loop(), l)
		}
		lost := make(chan struct{})
		onLoop(t, l, func() {
			p.(*near).ended.AddDoneCallback(func(*engine.Future[error]) { close(lost) })
			tr.Close()
		})
		<-lost
	}
	factory := func() engine.Protocol { return newNear(l) }
	end(l.CreateConnection(t.Context(), factory, far.options()))
	runTask(t, other, func(ctx context.Context) { end(l.CreateConnection(ctx, factory, far.options())) })
	onLoop(t, l, func() {
		_, _, err := l.CreateConnection(t.Context(), factory, far.options())
		wantErr(t, "in a callback", err, engine.ErrNotInTask)
	})
}

func TestConnectDebug(t *testing.T) {
	prove(t, "CONN-40", func(t *testing.T) {
		for _, on := range []bool{false, true} {
			far := newOutpost(t)
			l, log := logged(t, engine.Config{Debug: on})
			runTask(t, l, func(ctx context.Context) {
				_, p := connect(t, ctx, l, far.options())
				p.closes(t, ctx)
			})
			var told, want []string
			for _, r := range log.take() {
				if r.text == "connected" {
					told = append(told, r.attrs["to"].(net.Addr).String())
				}
			}
			if on {
				want = []string{far.Addr().String()}
			}
			wantSame(t, "the addresses in the log", told, want)
		}
	})
}

// TestConnectCloseLoop: a loop that is closed while a task connects leaves
// nothing open.
func TestConnectCloseLoop(t *testing.T) {
	far := newOutpost(t)
	l := newLoop(t)
	task := newTask(l, func(ctx context.Context) error {
		_, _, err := l.CreateConnection(ctx, func() engine.Protocol { l.Stop(); return newNear(l) }, far.options())
		return err
	})
	run(t, l)
	must(t, l.Close())
	if !task.Done() || !errors.Is(task.Err(), engine.ErrLoopClosed) {
		t.Errorf("the task has %v, want ErrLoopClosed", task.Err())
	}
	rest(t, <-far.conns)
}
