//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// acceptedElsewhere is a connection that package net has made and accepted: the
// accepted end as a socket, and the other.
func acceptedElsewhere(t *testing.T) (s *engine.Socket, other net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	other, err = net.Dial("tcp", l.Addr().String())
	must(t, err)
	t.Cleanup(func() { other.Close() })
	c, err := l.Accept()
	must(t, err)
	defer c.Close()
	s, err = engine.SocketFrom(c.(*net.TCPConn))
	must(t, err)
	return s, other
}

// takeOver makes a connection of an accepted socket.
func takeOver(t *testing.T, ctx context.Context, l *engine.Loop, s *engine.Socket) *near {
	t.Helper()
	p := newNear(l)
	tr, got, err := l.ConnectAcceptedSocket(ctx, func() engine.Protocol { return p }, s, engine.AcceptedOptions{})
	must(t, err)
	if tr != p.transport || got != engine.Protocol(p) {
		t.Errorf("it is %v, %v, want %v, %v", tr, got, p.transport, p)
	}
	return p
}

// inTaskWith runs fn in a task with a connection that was accepted elsewhere.
func inTaskWith(t *testing.T, fn func(ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn)) {
	t.Helper()
	s, other := acceptedElsewhere(t)
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) { fn(ctx, l, s, other) })
}

func TestConnectAcceptedSocket(t *testing.T) {
	prove(t, "CAS-01", func(t *testing.T) {
		inTaskWith(t, func(ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) {
			p := takeOver(t, ctx, l, s)
			p.want(t, "made")
			fd := p.transport.ExtraInfo("socket").(*engine.TransportSocket).Fd()
			if _, err := syscall.Read(int(fd), make([]byte, 1)); err != syscall.EAGAIN {
				t.Errorf("read: %v, want one that does not block", err)
			}
			_, err := p.transport.Write([]byte("hello"))
			must(t, err)
			p.closes(t, ctx)
			if text := rest(t, other); text != "hello" {
				t.Errorf("the peer got %q", text)
			}
		})
	})
	prove(t, "CAS-02", func(t *testing.T) {
		l := newLoop(t)
		factory := func() engine.Protocol { panic("of a bad socket") }
		runTask(t, l, func(ctx context.Context) {
			for _, s := range []*engine.Socket{nil, newSocket(t, engine.AFInet, engine.SockDgram)} {
				_, _, err := l.ConnectAcceptedSocket(ctx, factory, s, engine.AcceptedOptions{})
				wantArgError(t, fmt.Sprint(s), err, "s")
			}
			a, _ := streams(t)
			_, _, err := l.ConnectAcceptedSocket(ctx, nil, a, engine.AcceptedOptions{})
			wantArgError(t, "no factory", err, "f")
			for arg, times := range badTimes(true) {
				_, _, err = l.ConnectAcceptedSocket(ctx, factory, a, engine.AcceptedOptions{TLSOptions: times})
				wantArgError(t, "no TLS", err, arg)
			}
			if a.Fd() < 0 {
				t.Error("the socket is gone")
			}
			must(t, a.Close())
			_, _, err = l.ConnectAcceptedSocket(ctx, factory, a, engine.AcceptedOptions{})
			wantOpError(t, err, "accept", "unix", net.ErrClosed)
		})
	})
	prove(t, "CAS-03", func(t *testing.T) {
		inTaskWith(t, func(ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) {
			p := takeOver(t, ctx, l, s)
			if s.Fd() >= 0 {
				t.Error("the socket is still the caller's")
			}
			must(t, s.Close()) // which closes nothing
			_, err := other.Write([]byte("still there"))
			must(t, err)
			if text, err := engine.Await(ctx, p.got); text != "still there" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
			p.closes(t, ctx)
			rest(t, other)
		})
	})
}

func TestConnectAcceptedSocketAlone(t *testing.T) {
	prove(t, "CAS-04", func(t *testing.T) {
		inTaskWith(t, func(ctx context.Context, l *engine.Loop, s *engine.Socket, _ net.Conn) {
			server, err := l.CreateServer(ctx, func() engine.Protocol { return newNear(l) }, engine.ServerOptions{Host: "127.0.0.1"})
			must(t, err)
			p := takeOver(t, ctx, l, s)
			server.Close()
			must(t, server.WaitClosed(ctx))
			if n := server.Stats().Accepted; n != 0 || p.transport.IsClosing() {
				t.Errorf("the server has accepted %d, and the transport is %v", n, p.transport)
			}
			p.closes(t, ctx)
		})
	})
	prove(t, "CAS-06", func(t *testing.T) {
		inTaskWith(t, func(ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) {
			p := takeOver(t, ctx, l, s)
			local, peer := p.transport.ExtraInfo("sockname"), p.transport.ExtraInfo("peername")
			if fmt.Sprint(peer) != other.LocalAddr().String() || fmt.Sprint(local) != other.RemoteAddr().String() {
				t.Errorf("%v to %v, want %v to %v", local, peer, other.RemoteAddr(), other.LocalAddr())
			}
			p.closes(t, ctx)
		})
	})
}
