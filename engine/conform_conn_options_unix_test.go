//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// wantRefusedOptions wants an *ArgError, and a socket that stays the caller's.
func wantRefusedOptions(t *testing.T, o engine.ConnectOptions, arg string) {
	t.Helper()
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		wantArgError(t, fmt.Sprintf("%+v", o), wantNoConnection(t, ctx, l, o), arg)
	})
	if o.Sock != nil && o.Sock.Fd() < 0 {
		t.Errorf("%+v: the socket is gone", o)
	}
}

func TestConnectNeeds(t *testing.T) {
	prove(t, "CONN-09", func(t *testing.T) {
		wantRefusedOptions(t, engine.ConnectOptions{}, "Host")
		wantRefusedOptions(t, engine.ConnectOptions{LocalHost: "127.0.0.1", LocalPort: 0}, "Host")
	})
	prove(t, "CONN-10", func(t *testing.T) {
		a, _ := streams(t)
		wantRefusedOptions(t, engine.ConnectOptions{Host: "127.0.0.1", Sock: a}, "Sock")
		wantRefusedOptions(t, engine.ConnectOptions{Port: 0, Sock: a}, "Sock")
		for _, o := range []engine.ConnectOptions{
			{Family: engine.AFInet}, {Proto: engine.IPProtoTCP}, {Flags: engine.AINumericHost}, {LocalHost: "127.0.0.1"}, {LocalPort: 0},
			{HappyEyeballsDelay: time.Second}, {Interleave: 1}, {Interleave: engine.NoInterleave},
		} {
			o.Sock = a
			wantRefusedOptions(t, o, "Sock")
		}
	})
	prove(t, "CONN-11", func(t *testing.T) {
		wantRefusedOptions(t, engine.ConnectOptions{Sock: newSocket(t, engine.AFInet, engine.SockDgram)}, "Sock")
		a, b := streams(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			_, p := connect(t, ctx, l, engine.ConnectOptions{Sock: a})
			_, err := syscall.Write(b.Fd(), []byte("unix"))
			must(t, err)
			if text, err := engine.Await(ctx, p.got); text != "unix" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
			p.closes(t, ctx)
		})
	})
}

func TestConnectBadInput(t *testing.T) {
	for arg, list := range map[string][]engine.ConnectOptions{
		"Family":             {{Port: 1, Family: 99}, {Port: 1, Family: -1}, {Port: 1, Family: engine.AFUnix}},
		"Proto":              {{Port: 1, Proto: engine.IPProtoUDP}, {Port: 1, Proto: -1}},
		"Flags":              {{Port: 1, Flags: 1 << 20}, {Host: "127.0.0.1", Flags: -1}},
		"Port":               {{Port: -1}, {Port: 65536}, {Port: 1.5}, {Port: "-1"}},
		"LocalPort":          {{Port: 1, LocalPort: -1}, {Port: 1, LocalPort: []byte("1")}},
		"HappyEyeballsDelay": {{Port: 1, HappyEyeballsDelay: -1}},
		"Interleave":         {{Port: 1, Interleave: -2}},
	} {
		for _, o := range list {
			wantRefusedOptions(t, o, arg)
		}
	}
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		_, _, err := l.CreateConnection(ctx, nil, byName())
		wantArgError(t, "no factory", err, "f")
		_, _, err = engine.Connect[*near](ctx, l, nil, byName())
		wantArgError(t, "no factory", err, "f")
		gone, err := engine.NewSocket(engine.AFInet, engine.SockStream, 0)
		must(t, err)
		must(t, gone.Close())
		wantOpError(t, wantNoConnection(t, ctx, l, engine.ConnectOptions{Sock: gone}), "connect", "tcp", net.ErrClosed)
		testUnresolvable(t, ctx, l)
	})
}

// testUnresolvable: the error of a lookup has the name.
func testUnresolvable(t *testing.T, ctx context.Context, l *engine.Loop) {
	for _, o := range []engine.ConnectOptions{
		{Host: "host.test", Flags: engine.AINumericHost},
		{Host: "127.0.0.1", Port: "host.test", Flags: engine.AINumericServ},
		{Host: "127.0.0.1", Port: 1, LocalHost: "host.test", Flags: engine.AINumericHost},
	} {
		var dns *net.DNSError
		if err := wantNoConnection(t, ctx, l, o); !errors.As(err, &dns) || dns.Name != "host.test" {
			t.Errorf("%+v: %v, want a *net.DNSError of the name", o, err)
		}
	}
}

func TestConnectSocketGiven(t *testing.T) {
	prove(t, "CONN-13", func(t *testing.T) {
		far := newOutpost(t)
		l := newLoop(t)
		c, err := net.Dial("tcp", far.Addr().String())
		must(t, err)
		s, err := engine.SocketFrom(c.(*net.TCPConn))
		must(t, err)
		must(t, c.Close())
		runTask(t, l, func(ctx context.Context) {
			tr, p := connect(t, ctx, l, engine.ConnectOptions{Sock: s})
			if s.Fd() >= 0 {
				t.Error("the socket is still the caller's")
			}
			must(t, s.Close()) // which closes nothing
			view := tr.ExtraInfo("socket").(*engine.TransportSocket)
			if _, err := syscall.Read(view.Fd(), make([]byte, 1)); err != syscall.EAGAIN {
				t.Errorf("read: %v, want one that does not block", err)
			}
			if peer := fmt.Sprint(tr.ExtraInfo("peername")); peer != far.Addr().String() {
				t.Errorf("the peer is %s, want %v", peer, far.Addr())
			}
			p.closes(t, ctx)
			rest(t, <-far.conns)
		})
	})
	prove(t, "CONN-37", testNoDelay)
}

// testNoDelay looks at both sides of a connection of one loop, of a server that
// makes its socket and of one that is given it.
func testNoDelay(t *testing.T) {
	l := newLoop(t)
	given := newSocket(t, engine.AFInet, engine.SockStream)
	must(t, given.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	for name, o := range map[string]engine.ServerOptions{"made": {Host: "127.0.0.1"}, "given": {Sock: given}} {
		runTask(t, l, func(ctx context.Context) { wantNoDelay(t, ctx, l, name, o) })
	}
}

func wantNoDelay(t *testing.T, ctx context.Context, l *engine.Loop, name string, o engine.ServerOptions) {
	prompt := func(tr engine.Transport) {
		view := tr.ExtraInfo("socket").(*engine.TransportSocket)
		if n, err := view.Option(syscall.IPPROTO_TCP, syscall.TCP_NODELAY); n == 0 || err != nil {
			t.Errorf("%s, %v: TCP_NODELAY is %d, %v", name, tr, n, err)
		}
	}
	accepted := engine.NewFuture[*near](l)
	server, err := l.CreateServer(ctx, func() engine.Protocol {
		p := newNear(l)
		p.onMade = func(tr engine.Transport) { prompt(tr); accepted.SetResult(p) }
		return p
	}, o)
	must(t, err)
	at, err := server.Sockets()[0].LocalAddr()
	must(t, err)
	tr, p := connect(t, ctx, l, engine.ConnectOptions{Host: "127.0.0.1", Port: at.(*net.TCPAddr).Port})
	prompt(tr)
	other, err := engine.Await(ctx, accepted)
	must(t, err)
	p.closes(t, ctx)
	other.wantLost(t, ctx)
	server.Close()
	must(t, server.WaitClosed(ctx))
}

// asks tells what a lookup was asked for, which finds nothing.
func asks(t *testing.T, o engine.ConnectOptions) (hosts []string, hints engine.AddrHints, err error) {
	t.Helper()
	l := newLoop(t)
	l.SetLookup(engine.LookupHints(func(host string, _ engine.Service, h engine.AddrHints) ([]engine.AddrInfo, error) {
		hosts, hints = append(hosts, host), h
		return nil, nil
	}))
	runTask(t, l, func(ctx context.Context) { err = wantNoConnection(t, ctx, l, o) })
	return hosts, hints, err
}

func TestConnectResolves(t *testing.T) {
	prove(t, "CONN-21", func(t *testing.T) {
		nobody := int(refusing(t).Port())
		for _, port := range []any{nobody, uint16(nobody), fmt.Sprint(nobody)} {
			hosts, _, err := asks(t, engine.ConnectOptions{Host: "127.0.0.1", Port: port})
			wantErr(t, fmt.Sprintf("%#v", port), err, syscall.ECONNREFUSED)
			if len(hosts) > 0 {
				t.Errorf("%#v: a lookup of %q", port, hosts)
			}
		}
		for _, o := range []engine.ConnectOptions{
			{Host: "127.0.0.1", Port: "http"}, {Host: "fe80::1%1", Port: 1}, {Host: "host.test", Port: 1}, {Port: 1},
		} {
			if hosts, _, _ := asks(t, o); len(hosts) != 1 || hosts[0] != o.Host {
				t.Errorf("%+v: lookups of %q, want one of the host", o, hosts)
			}
		}
	})
	prove(t, "CONN-22", func(t *testing.T) {
		for _, port := range []any{nil, "", 0} {
			hosts, _, err := asks(t, engine.ConnectOptions{Host: "127.0.0.1", Port: port})
			var failed *net.OpError
			if !errors.As(err, &failed) || failed.Addr.String() != "127.0.0.1:0" || len(hosts) > 0 {
				t.Errorf("%#v: %v and lookups of %q, want port 0 tried", port, err, hosts)
			}
		}
	})
}

func TestConnectResolverHints(t *testing.T) {
	prove(t, "CONN-23", func(t *testing.T) {
		o := engine.ConnectOptions{
			Host: "host.test", Port: 1, Family: engine.AFInet6, Proto: engine.IPProtoTCP, Flags: engine.AINumericServ,
		}
		want := engine.AddrHints{
			Family: engine.AFInet6, Type: engine.SockStream, Proto: engine.IPProtoTCP, Flags: engine.AINumericServ,
		}
		_, hints, _ := asks(t, o)
		wantSame(t, "the hints", hints, want)
		o.Host, o.LocalHost = "::1", "here.test"
		hosts, hints, _ := asks(t, o)
		wantSame(t, "the hosts", hosts, []string{"here.test"})
		wantSame(t, "the hints for the local address", hints, want)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			var dns *net.DNSError
			err := wantNoConnection(t, ctx, l, engine.ConnectOptions{Host: "127.0.0.1", Port: 1, Family: engine.AFInet6})
			if !errors.As(err, &dns) {
				t.Errorf("an address of another family: %v, want a *net.DNSError", err)
			}
		})
	})
	prove(t, "CONN-24", func(t *testing.T) {
		_, _, err := asks(t, byName())
		var dns *net.DNSError
		if !errors.As(err, &dns) || dns.Name != "host.test" {
			t.Errorf("%v, want a *net.DNSError of the host", err)
		}
	})
}
