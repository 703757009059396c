//go:build unix

package engine_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestServerListens(t *testing.T) {
	prove(t, "SRV-01", func(t *testing.T) {
		l := servingLoop(t)
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		onLoop(t, l, func() {
			if !s.IsServing() || s.String() != "<Server serving>" {
				t.Errorf("made, it is %v", s)
			}
		})
		says(t, client(t, address(t, l, s)), "hello")
	})
	prove(t, "SRV-02", testServerDeferred)
	prove(t, "SRV-12", func(t *testing.T) {
		l := servingLoop(t)
		peers := make(chan net.Addr, 1)
		s := serve(t, l, func() engine.Protocol {
			return &served{made: func(tr engine.Transport) { peers <- tr.ExtraInfo("peername").(net.Addr) }}
		}, local(engine.ServerOptions{}))
		c := client(t, address(t, l, s))
		if got := <-peers; got.String() != c.LocalAddr().String() {
			t.Errorf("the peer is %v, want %v", got, c.LocalAddr())
		}
	})
}

func testServerDeferred(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{Deferred: true}))
	at := address(t, l, s)
	onLoop(t, l, func() {
		if s.IsServing() || s.String() != "<Server bound>" {
			t.Errorf("deferred, it is %v", s)
		}
	})
	refuses(t, at)
	must(t, s.StartServing(t.Context()))
	says(t, client(t, at), "hello")
}

// option reads an option of a server's first socket.
func option(t *testing.T, l *engine.Loop, o engine.ServerOptions, level, name int) int {
	t.Helper()
	s := serve(t, l, echo, o)
	n, err := socketsOf(t, l, s)[0].Option(level, name)
	must(t, err)
	return n
}

func TestServerSocketOptions(t *testing.T) {
	l := servingLoop(t)
	prove(t, "SRV-17", func(t *testing.T) {
		on := option(t, l, local(engine.ServerOptions{}), syscall.SOL_SOCKET, syscall.SO_REUSEADDR)
		off := option(t, l, local(engine.ServerOptions{NoReuseAddress: true}), syscall.SOL_SOCKET, syscall.SO_REUSEADDR)
		if on == 0 || off != 0 {
			t.Errorf("SO_REUSEADDR is %d, and %d when refused", on, off)
		}
	})
	prove(t, "SRV-18", func(t *testing.T) { testReusePort(t, l) })
	prove(t, "SRV-19", func(t *testing.T) {
		kept := make(chan int, 1)
		s := serve(t, l, func() engine.Protocol {
			return &served{made: func(tr engine.Transport) {
				n, _ := tr.ExtraInfo("socket").(*engine.TransportSocket).Option(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE)
				kept <- n
			}}
		}, local(engine.ServerOptions{KeepAlive: true}))
		n, err := socketsOf(t, l, s)[0].Option(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE)
		client(t, address(t, l, s))
		if of := <-kept; err != nil || n == 0 || of == 0 {
			t.Errorf("SO_KEEPALIVE is %d, %v, and %d for a connection", n, err, of)
		}
		if off := option(t, l, local(engine.ServerOptions{}), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); off != 0 {
			t.Errorf("SO_KEEPALIVE is %d by default", off)
		}
	})
}

func testReusePort(t *testing.T, l *engine.Loop) {
	first := serve(t, l, echo, local(engine.ServerOptions{ReusePort: true}))
	at := address(t, l, first).(*net.TCPAddr)
	second := serve(t, l, echo, local(engine.ServerOptions{ReusePort: true, Port: at.Port}))
	if got := address(t, l, second); got.String() != at.String() {
		t.Errorf("the second has %v, want %v", got, at)
	}
	_, err := l.CreateServer(t.Context(), echo, local(engine.ServerOptions{Port: at.Port}))
	wantErr(t, "a third without it", err, syscall.EADDRINUSE)
}

func TestServerDescriptors(t *testing.T) {
	prove(t, "SRV-28", func(t *testing.T) {
		l := servingLoop(t)
		fds := make(chan engine.FD, 1)
		s := serve(t, l, func() engine.Protocol {
			return &served{made: func(tr engine.Transport) { fds <- tr.ExtraInfo("socket").(*engine.TransportSocket).Fd() }}
		}, local(engine.ServerOptions{}))
		client(t, address(t, l, s))
		for what, fd := range map[string]engine.FD{"listener": socketsOf(t, l, s)[0].Fd(), "connection": <-fds} {
			if !closesOnExec(t, fd) {
				t.Errorf("the %s is inherited", what)
			}
		}
	})
	prove(t, "SRV-27", func(t *testing.T) { testServerOfSocket(t, engine.SockStream) })
	prove(t, "SRV-29", func(t *testing.T) { testServerOfSocket(t, engine.SockStream|streamBits) })
}

func closesOnExec(t *testing.T, fd engine.FD) bool {
	t.Helper()
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	return flags&syscall.FD_CLOEXEC != 0
}

// testServerOfSocket serves on a socket of the caller's, which is the server's then.
func testServerOfSocket(t *testing.T, typ int) {
	l := servingLoop(t)
	k := newSocket(t, engine.AFInet, typ)
	must(t, k.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	s := serve(t, l, echo, engine.ServerOptions{Sock: k})
	if k.Fd() != -1 {
		t.Error("the caller still has the socket")
	}
	at := address(t, l, s)
	says(t, client(t, at), "hello")
	onLoop(t, l, s.Close)
	refuses(t, at)
	_, err := l.CreateServer(t.Context(), echo, engine.ServerOptions{Sock: k})
	wantErr(t, "the socket again", err, net.ErrClosed)
}

func TestServerBindsAgain(t *testing.T) {
	prove(t, "SRV-22", func(t *testing.T) {
		l := servingLoop(t)
		taken := serve(t, l, echo, local(engine.ServerOptions{}))
		at := address(t, l, taken).(*net.TCPAddr)
		o := engine.ServerOptions{Hosts: []string{"127.0.0.2", "127.0.0.1"}, Port: at.Port}
		_, err := l.CreateServer(t.Context(), echo, o)
		failed := wantOpError(t, err, "bind", "tcp", syscall.EADDRINUSE)
		if failed.Source == nil || failed.Source.String() != at.String() {
			t.Errorf("it is about %v, want %v", failed.Source, at)
		}
		refuses(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2), Port: at.Port})
	})
}

// TestServerListenFails: a listen that fails closes all sockets.
func TestServerListenFails(t *testing.T) {
	l := servingLoop(t)
	a := serve(t, l, echo, local(engine.ServerOptions{Deferred: true}))
	at := address(t, l, a).(*net.TCPAddr)
	b, err := l.CreateServer(t.Context(), echo, engine.ServerOptions{
		Hosts: []string{"127.0.0.2", "127.0.0.1"}, Port: at.Port, Deferred: true,
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		return // this system tells at bind
	}
	must(t, err)
	endServer(t, l, b)
	must(t, a.StartServing(t.Context()))
	for range 2 {
		wantErr(t, "StartServing", b.StartServing(t.Context()), syscall.EADDRINUSE)
		onLoop(t, l, func() {
			if b.IsServing() {
				t.Error("it serves")
			}
		})
	}
	onLoop(t, l, a.Close)
	must(t, b.StartServing(t.Context()))
	says(t, client(t, at), "hello")
}

// TestServerCloseBeforeProtocol: what was accepted is served, whatever happens
// to the server.
func TestServerCloseBeforeProtocol(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	ours, theirs := streams(t)
	fd, err := ours.Take("accept")
	must(t, err)
	var over <-chan error
	onLoop(t, l, func() {
		s.AcceptedAs(fd)
		s.Close()
		if stats := s.Stats(); stats.Accepted != 1 || stats.Active != 1 {
			t.Errorf("the counts are %+v", stats)
		}
		c := make(chan error, 1) // not asked: this is the loop
		go func() { c <- s.WaitClosed(t.Context()) }()
		over = c
	})
	waits(t, l, "WaitClosed", over)
	c := connOf(t, theirs)
	says(t, c, "served")
	waits(t, l, "WaitClosed", over)
	c.Close()
	must(t, <-over)
	if got := statsOf(t, l, s); got != (engine.ServerStats{Accepted: 1, Closed: 1, BytesReceived: 6, BytesSent: 6}) {
		t.Errorf("the counts are %+v", got)
	}
}

// connOf is a connection of package net on a socket, which it empties.
func connOf(t *testing.T, s *engine.Socket) net.Conn {
	t.Helper()
	fd, err := s.Take("test")
	must(t, err)
	c := fileConn(t, fd)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServerFactory(t *testing.T) {
	prove(t, "SRV-09", testServerTurns)
	prove(t, "SRV-10", func(t *testing.T) { testServerFactoryFails(t, "SRV-10") })
	prove(t, "SOBJ-20", func(t *testing.T) { testServerFactoryFails(t, "SOBJ-20") })
}

// testServerTurns counts the turns from the accept to the first bytes.
func testServerTurns(t *testing.T) {
	l := newLoop(t)
	var j journal
	s := serveHere(t, l, func() engine.Protocol {
		j.add("factory")
		return &served{
			made: func(tr engine.Transport) { j.add("made") },
			data: func(p []byte) { j.add(string(p)) },
		}
	}, engine.ServerOptions{})
	_, err := io.WriteString(queued(t, s, 1)[0], "data")
	must(t, err)
	turn(t, l)
	j.want(t) // the accept
	if stats := s.Stats(); stats.Accepted != 1 {
		t.Errorf("the counts are %+v", stats)
	}
	turn(t, l)
	j.want(t, "factory")
	turn(t, l)
	j.want(t, "made")
	turn(t, l)
	j.want(t, "data")
}

func testServerFactoryFails(t *testing.T, id string) {
	l := newLoop(t)
	reports := reportsOf(l)
	start(t, l)
	calls := 0
	s := serve(t, l, func() engine.Protocol {
		switch calls++; calls {
		case 1:
			panic(errTest)
		case 2:
			return nil
		}
		return echo()
	}, local(engine.ServerOptions{}))
	for range 2 {
		hangsUp(t, client(t, address(t, l, s)))
	}
	says(t, client(t, address(t, l, s)), id)
	got := reports.take()
	if len(got) != 2 || got[0].Message != "Error on transport creation for incoming connection" {
		t.Fatalf("reported %v", got)
	}
	wantErr(t, "the first report", got[0].Err, errTest)
	if stats := statsOf(t, l, s); stats.Refused != 2 || stats.Accepted != 3 || stats.Active != 1 {
		t.Errorf("the counts are %+v", stats)
	}
}
