//go:build unix

package engine_test

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/shardloop/shardloop/engine"
)

func TestServerObjectClose(t *testing.T) {
	prove(t, "SOBJ-01", func(t *testing.T) {
		l := servingLoop(t)
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		k := socketsOf(t, l, s)[0]
		for range 2 {
			onLoop(t, l, func() {
				s.Close()
				if s.IsServing() || len(s.Sockets()) > 0 || s.String() != "<Server closed>" {
					t.Errorf("closed, it is %v", s)
				}
			})
			wantGone(t, k)
		}
	})
	prove(t, "SOBJ-02", func(t *testing.T) {
		l := servingLoop(t)
		s := serve(t, l, echo, local(engine.ServerOptions{Deferred: true}))
		onLoop(t, l, func() {
			s.Close()
			if list := s.Sockets(); list == nil || len(list) != 0 {
				t.Errorf("the sockets are %#v, want an empty slice", list)
			}
		})
	})
	prove(t, "SOBJ-03", func(t *testing.T) {
		l := servingLoop(t)
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		c := client(t, address(t, l, s))
		says(t, c, "before")
		onLoop(t, l, s.Close)
		says(t, c, "after")
	})
}

func TestServerObjectRefuses(t *testing.T) {
	prove(t, "SOBJ-04", func(t *testing.T) {
		l := servingLoop(t)
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		at := address(t, l, s)
		onLoop(t, l, s.Close)
		refuses(t, at)
	})
}

// manyBytes is more than sockets buffer.
var manyBytes = strings.Repeat("0123456789abcdef", 1<<20)

func TestServerObjectClients(t *testing.T) {
	prove(t, "SOBJ-05", func(t *testing.T) {
		t.Run("close", func(t *testing.T) { testEndClients(t, (*engine.Server).CloseClients, len(manyBytes)) })
		t.Run("abort", func(t *testing.T) { testEndClients(t, (*engine.Server).AbortClients, -1) })
	})
	prove(t, "SOBJ-06", func(t *testing.T) {
		l := servingLoop(t)
		lost := make(chan struct{}, 3)
		s := serve(t, l, func() engine.Protocol {
			p := echo().(*served)
			p.lost = func(error) { lost <- struct{}{} }
			return p
		}, local(engine.ServerOptions{}))
		for i := range 3 {
			c := client(t, address(t, l, s))
			says(t, c, "x")
			if got := statsOf(t, l, s); got.Active != 1 || got.Closed != uint64(i) {
				t.Errorf("the counts are %+v", got)
			}
			c.Close()
			<-lost
			onLoop(t, l, s.CloseClients) // there is none
		}
		if got := statsOf(t, l, s); got != (engine.ServerStats{Accepted: 3, Closed: 3, BytesReceived: 3, BytesSent: 3}) {
			t.Errorf("the counts are %+v", got)
		}
	})
}

// testEndClients ends connections that have a lot to send. Those that are closed
// send it.
func testEndClients(t *testing.T, end func(*engine.Server), want int) {
	l := servingLoop(t)
	made := make(chan struct{}, 2)
	s := serve(t, l, func() engine.Protocol {
		return &served{made: func(tr engine.Transport) {
			_, _ = tr.Write([]byte(manyBytes))
			made <- struct{}{}
		}}
	}, local(engine.ServerOptions{}))
	a, b := client(t, address(t, l, s)), client(t, address(t, l, s))
	<-made
	<-made
	onLoop(t, l, func() { end(s) })
	for _, c := range []net.Conn{a, b} {
		n, err := readAll(c)
		if want >= 0 && (n != want || err != nil) || want < 0 && n >= len(manyBytes) {
			t.Errorf("received %d bytes, %v, want %d", n, err, want)
		}
	}
}

func TestServerObjectWaitClosed(t *testing.T) {
	prove(t, "SOBJ-07", testWaitClosed)
	prove(t, "SOBJ-08", func(t *testing.T) {
		l := servingLoop(t)
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		outside := asked(t, l, func() error { return s.WaitClosed(t.Context()) })
		inside := asked(t, l, func() error { return taskErr(t, l, s.WaitClosed) })
		other := servingLoop(t)
		elsewhere := asked(t, other, func() error { return taskErr(t, other, s.WaitClosed) })
		for _, c := range []<-chan error{outside, inside, elsewhere} {
			waits(t, l, "a waiter", c)
		}
		onLoop(t, l, s.Close)
		for _, c := range []<-chan error{outside, inside, elsewhere} {
			must(t, <-c)
		}
	})
	prove(t, "SOBJ-09", func(t *testing.T) {
		l, s, c := withClient(t)
		over := asked(t, l, func() error { return s.WaitClosed(t.Context()) })
		onLoop(t, l, s.Close)
		waits(t, l, "WaitClosed", over)
		c.Close()
		must(t, <-over)
	})
}

func TestServerObjectLateEnd(t *testing.T) {
	prove(t, "SOBJ-10", func(t *testing.T) {
		l, s, c := withClient(t)
		ctx, cancel := context.WithCancel(context.Background())
		over := asked(t, l, func() error { return s.WaitClosed(ctx) })
		waits(t, l, "WaitClosed", over)
		cancel()
		wantErr(t, "WaitClosed", <-over, context.Canceled)
		onLoop(t, l, s.Close)
		c.Close()
		must(t, s.WaitClosed(t.Context()))
		must(t, s.WaitClosed(t.Context()))
	})
}

// withClient is a server of one connection.
func withClient(t *testing.T) (*engine.Loop, *engine.Server, net.Conn) {
	t.Helper()
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	c := client(t, address(t, l, s))
	says(t, c, "hello")
	return l, s, c
}

func testWaitClosed(t *testing.T) {
	l := servingLoop(t)
	idle := serve(t, l, echo, local(engine.ServerOptions{Deferred: true}))
	unserved := asked(t, l, func() error { return idle.WaitClosed(t.Context()) })
	waits(t, l, "WaitClosed of an open server", unserved)
	onLoop(t, l, idle.Close)
	must(t, <-unserved)
	must(t, idle.WaitClosed(t.Context()))

	l, s, c := withClient(t)
	over := asked(t, l, func() error { return s.WaitClosed(t.Context()) })
	c.Close()
	until(t, l, func() bool { return s.Stats().Active == 0 })
	waits(t, l, "WaitClosed without connections", over)
	onLoop(t, l, s.Close)
	must(t, <-over)
}

func TestServerObjectParts(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	prove(t, "SOBJ-17", func(t *testing.T) {
		if s.Loop() != l {
			t.Error("it has another loop")
		}
	})
	prove(t, "SOBJ-18", func(t *testing.T) {
		s := serve(t, l, echo, local(engine.ServerOptions{Deferred: true}))
		want := func(want bool) {
			onLoop(t, l, func() {
				if s.IsServing() != want {
					t.Errorf("serving is %t", !want)
				}
			})
		}
		want(false)
		must(t, s.StartServing(t.Context()))
		want(true)
		onLoop(t, l, s.Close)
		want(false)
	})
	prove(t, "SOBJ-19", func(t *testing.T) {
		a, b := socketsOf(t, l, s), socketsOf(t, l, s)
		if len(a) != 1 || len(b) != 1 || &a[0] == &b[0] || a[0].Fd() != b[0].Fd() || a[0].Fd() < 0 {
			t.Errorf("the sockets are %v and %v", a, b)
		}
		wantArgError(t, "SetBlocking", a[0].SetBlocking(true), "blocking")
	})
}

func TestServerObjectMisuse(t *testing.T) {
	prove(t, "SOBJ-21", func(t *testing.T) {
		l := servingLoop(t)
		dropped, at := dropServer(t, l)
		runtime.GC()
		c := client(t, at)
		says(t, c, "it serves all the same")
		c.Close()
		until(t, l, func() bool { return dropped.Value().Stats().Closed == 1 })
		onLoop(t, l, dropped.Value().Close)
	})
	prove(t, "SOBJ-22", func(t *testing.T) {
		s := &engine.Server{}
		for _, err := range []error{s.WaitClosed(t.Context()), s.StartServing(t.Context()), ends(s.Shutdown(t.Context()))} {
			wantErr(t, "a server that CreateServer has not made", err, engine.ErrNoRunningLoop)
		}
	})
}

// dropServer makes a server and forgets it.
func dropServer(t *testing.T, l *engine.Loop) (weak.Pointer[engine.Server], net.Addr) {
	t.Helper()
	s, err := l.CreateServer(t.Context(), echo, local(engine.ServerOptions{}))
	must(t, err)
	return weak.Make(s), address(t, l, s)
}
