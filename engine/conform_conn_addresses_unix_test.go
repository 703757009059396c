//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// failsAt connects to addresses that a lookup finds, of which none can be reached.
func failsAt(t *testing.T, o engine.ConnectOptions, list ...netip.AddrPort) (err error) {
	t.Helper()
	l := newLoop(t)
	knows(l, list...)
	runTask(t, l, func(ctx context.Context) { err = wantNoConnection(t, ctx, l, o) })
	return err
}

// reaches connects to addresses that a lookup finds, and tells which it was.
func reaches(t *testing.T, o engine.ConnectOptions, list ...netip.AddrPort) (peer string) {
	t.Helper()
	l := newLoop(t)
	knows(l, list...)
	runTask(t, l, func(ctx context.Context) {
		tr, p := connect(t, ctx, l, o)
		peer = fmt.Sprint(tr.ExtraInfo("peername"))
		p.closes(t, ctx)
	})
	return peer
}

// multi are the errors in a *MultiError, one line each.
func multi(t *testing.T, err error) (lines []string) {
	t.Helper()
	several, ok := err.(*engine.MultiError)
	if !ok {
		t.Errorf("%v, want a *MultiError", err)
		return nil
	}
	for _, err := range several.Errs {
		lines = append(lines, err.Error())
	}
	return lines
}

func TestConnectSequence(t *testing.T) {
	prove(t, "CONN-25", func(t *testing.T) {
		nobody, somebody, other := refusing(t), newOutpost(t), newOutpost(t)
		at := reaches(t, byName(), nobody, nobody, somebody.at(), other.at())
		if at != somebody.at().String() {
			t.Errorf("it is connected to %s, want %s", at, somebody.at())
		}
		if len(other.conns) > 0 {
			t.Error("an address behind the one that worked was tried")
		}
	})
	prove(t, "CONN-29", func(t *testing.T) {
		nobody := refusing(t)
		failed := wantOpError(t, failsAt(t, byName(), nobody), "connect", "tcp", syscall.ECONNREFUSED)
		if failed.Addr == nil || failed.Addr.String() != nobody.String() {
			t.Errorf("the address is %v, want %v", failed.Addr, nobody)
		}
		if text := failed.Error(); text != "connect tcp "+nobody.String()+": connect: connection refused" {
			t.Error(text)
		}
	})
}

func TestConnectErrors(t *testing.T) {
	prove(t, "CONN-26", func(t *testing.T) {
		a, b := refusing(t), refusing(t)
		for _, list := range [][]netip.AddrPort{{a}, {a, a, a}} {
			wantOpError(t, failsAt(t, byName(), list...), "connect", "tcp", syscall.ECONNREFUSED)
			if _, ok := failsAt(t, byName(), list...).(*net.OpError); !ok {
				t.Errorf("%v: not the error itself", list)
			}
		}
		err := failsAt(t, byName(), a, b)
		lines := multi(t, err)
		if len(lines) != 2 || !strings.Contains(lines[0], a.String()) || !strings.Contains(lines[1], b.String()) {
			t.Errorf("%q, want an error at %v and one at %v", lines, a, b)
		}
		wantErr(t, "all", err, syscall.ECONNREFUSED)
	})
	prove(t, "CONN-27", func(t *testing.T) {
		a := refusing(t)
		o := byName()
		o.AllErrors = true
		for n := 1; n <= 3; n++ {
			err := failsAt(t, o, []netip.AddrPort{a, a, a}[:n]...)
			if lines := multi(t, err); len(lines) != n {
				t.Errorf("%d attempts have the errors %q", n, lines)
			}
			wantErr(t, "one of them", err, syscall.ECONNREFUSED)
		}
	})
	prove(t, "CONN-28", func(t *testing.T) {
		wantErr(t, "no error", engine.ConnectError(nil, false), engine.ErrTimeout)
		wantErr(t, "no error of all", engine.ConnectError(nil, true), engine.ErrTimeout)
	})
}

// withLocal makes lookups of "here.test" find local addresses, and others far
// ones.
func withLocal(l *engine.Loop, locals []netip.AddrPort, far ...netip.AddrPort) engine.ConnectOptions {
	l.SetLookup(engine.LookupFunc(func(host string) (infos []engine.AddrInfo, err error) {
		list := far
		if host == "here.test" {
			list = locals
		}
		for _, at := range list {
			infos = append(infos, engine.InfoAt(at))
		}
		return infos, nil
	}))
	o := byName()
	o.LocalHost, o.LocalPort = "here.test", 0
	return o
}

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// freePort is one that nobody has, most likely.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	s, err := engine.NewSocket(engine.AFInet, engine.SockStream, 0)
	must(t, err)
	defer s.Close()
	must(t, s.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	return nameOf(t, s)
}

// connectedFrom connects with local addresses, and tells from which.
func connectedFrom(t *testing.T, far *outpost, locals ...netip.AddrPort) (local netip.AddrPort) {
	t.Helper()
	l := newLoop(t)
	o := withLocal(l, locals, far.at())
	runTask(t, l, func(ctx context.Context) {
		tr, p := connect(t, ctx, l, o)
		local = tr.ExtraInfo("sockname").(*net.TCPAddr).AddrPort()
		p.transport.Abort()
		p.wantLost(t, ctx)
	})
	if peer := (<-far.conns).RemoteAddr().String(); peer != local.String() {
		t.Errorf("the peer sees %s, want %v", peer, local)
	}
	return local
}

func TestConnectLocalAddress(t *testing.T) {
	six := netip.MustParseAddrPort("[::1]:0")
	prove(t, "CONN-30", func(t *testing.T) {
		far, want := newOutpost(t), freePort(t)
		if local := connectedFrom(t, far, six, want); local != want {
			t.Errorf("connected from %v, want %v", local, want)
		}
		l := newLoop(t)
		o := withLocal(l, []netip.AddrPort{six}, far.at())
		runTask(t, l, func(ctx context.Context) {
			err := wantNoConnection(t, ctx, l, o)
			if text := err.Error(); !strings.Contains(text, "bind") || !strings.Contains(text, "IPv4") {
				t.Errorf("%s, want bind and the family", text)
			}
		})
	})
	prove(t, "CONN-31", func(t *testing.T) {
		far, taken, want := newOutpost(t), refusing(t), freePort(t)
		if local := connectedFrom(t, far, taken, want); local != want {
			t.Errorf("connected from %v, want %v", local, want)
		}
		testLocalsTaken(t, far.at(), taken)
	})
}

func testLocalsTaken(t *testing.T, far, taken netip.AddrPort) {
	other := refusing(t)
	for _, c := range []struct {
		locals []netip.AddrPort
		all    bool
		want   []netip.AddrPort // in the errors of a *MultiError
	}{
		{[]netip.AddrPort{taken}, false, nil},
		{[]netip.AddrPort{taken, taken}, false, nil},
		{[]netip.AddrPort{taken, other}, false, []netip.AddrPort{taken, other}},
		{[]netip.AddrPort{taken, other}, true, []netip.AddrPort{taken, other}},
		{[]netip.AddrPort{taken}, true, []netip.AddrPort{taken}},
	} {
		l := newLoop(t)
		o := withLocal(l, c.locals, far)
		o.AllErrors = c.all
		runTask(t, l, func(ctx context.Context) {
			err := wantNoConnection(t, ctx, l, o)
			if failed := wantOpError(t, err, "bind", "tcp", syscall.EADDRINUSE); failed.Source.String() != taken.String() {
				t.Errorf("the address is %v, want %v", failed.Source, taken)
			}
			if c.want == nil {
				return
			}
			for i, line := range multi(t, err) {
				if !strings.Contains(line, c.want[i].String()) {
					t.Errorf("error %d is %s, want one at %v", i, line, c.want[i])
				}
			}
		})
	}
}

// triedIn tells in which order addresses are tried, by the number of the IP version.
// None of them works: no local address fits.
func triedIn(t *testing.T, o engine.ConnectOptions, families string) (order string) {
	t.Helper()
	l := newLoop(t)
	l.SetLookup(engine.LookupFunc(func(host string) (list []engine.AddrInfo, err error) {
		if host != "here.test" {
			list = infos(families)
			for i := range list {
				list[i].Type = engine.SockStream
			}
			return list, nil
		}
		return []engine.AddrInfo{{Family: engine.AFUnix}}, nil
	}))
	o.Host, o.Port, o.LocalHost, o.AllErrors = "host.test", 1, "here.test", true
	runTask(t, l, func(ctx context.Context) {
		for _, line := range multi(t, wantNoConnection(t, ctx, l, o)) {
			order += line[strings.Index(line, "IPv")+3:]
		}
	})
	return order
}

func TestConnectInterleave(t *testing.T) {
	wantOrder := func(t *testing.T, want string, delay time.Duration, interleave int) {
		t.Helper()
		o := engine.ConnectOptions{HappyEyeballsDelay: delay, Interleave: interleave}
		if got := triedIn(t, o, "666644"); got != want {
			t.Errorf("delay %v, interleave %d: %s, want %s", delay, interleave, got, want)
		}
	}
	const later = time.Hour
	prove(t, "CONN-34", func(t *testing.T) {
		wantOrder(t, "666644", 0, 0)
		wantOrder(t, "646466", later, 0)
		wantOrder(t, "666644", later, engine.NoInterleave)
		wantOrder(t, "666644", 0, engine.NoInterleave)
	})
	prove(t, "CONN-35", func(t *testing.T) {
		wantOrder(t, "646466", later, 1)
		wantOrder(t, "664646", later, 2)
		wantOrder(t, "666464", later, 3)
	})
	prove(t, "CONN-36", func(t *testing.T) {
		wantOrder(t, "646466", 0, 1)
		wantOrder(t, "664646", 0, 2)
	})
}

// TestConnectFamilyFails: what the system does not have is an error like others.
func TestConnectFamilyFails(t *testing.T) {
	l := newLoop(t)
	l.SetLookup(engine.LookupFunc(func(string) ([]engine.AddrInfo, error) {
		info := engine.InfoAt(loopback(1))
		info.Family = 99 // which no system has
		return []engine.AddrInfo{info}, nil
	}))
	runTask(t, l, func(ctx context.Context) {
		var failed *net.OpError
		err := wantNoConnection(t, ctx, l, byName())
		if !errors.As(err, &failed) || failed.Op != "socket" || failed.Addr == nil {
			t.Errorf("%v, want a failed socket for an address", err)
		}
	})
}
