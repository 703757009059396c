//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// bound is a socket on a free port of this machine that does not listen yet.
func bound(t *testing.T) *engine.Socket {
	t.Helper()
	s := newSocket(t, engine.AFInet, engine.SockStream)
	must(t, s.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	return s
}

// boundUnix is a socket with a file.
func boundUnix(t *testing.T, path string) *engine.Socket {
	t.Helper()
	s := newSocket(t, engine.AFUnix, engine.SockStream)
	must(t, s.Bind(unixAt(path)))
	return s
}

// census counts the connections of each loop.
type census struct {
	mu    sync.Mutex
	loops map[*engine.Loop]int
}

func newCensus() *census { return &census{loops: map[*engine.Loop]int{}} }

// echo makes a protocol that sends back what comes.
func (c *census) echo() engine.Protocol {
	p := echo().(*served)
	p.made = func(t engine.Transport) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.loops[t.Loop()]++
	}
	return p
}

// visit makes n connections to an address, which stay, and returns how many each
// loop has got until now.
func (c *census) visit(t *testing.T, at net.Addr, n int) map[*engine.Loop]int {
	t.Helper()
	for i := range n {
		says(t, client(t, at), fmt.Sprint("number ", i))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.loops)
}

// TestSocksArguments: what is wrong with one of several sockets is told by its
// number, and all stay the caller's.
func TestSocksArguments(t *testing.T) {
	l := newLoop(t)
	a, b := bound(t), bound(t)
	datagram, far := newSocket(t, engine.AFInet, engine.SockDgram), newSocket(t, engine.AFUnix, engine.SockStream)
	joined, _ := streams(t)
	list := func(s ...*engine.Socket) []*engine.Socket { return s }
	refusesOptions(t, l, []badServer{
		{"Socks", engine.ServerOptions{Sock: a, Socks: list(b)}},
		{"Socks", engine.ServerOptions{Port: 1, Socks: list(b)}},
		{"Socks", engine.ServerOptions{Host: "x", Socks: list(b)}},
		{"Sock", engine.ServerOptions{Port: 1, Sock: b}},
		{"Socks", engine.ServerOptions{Socks: []*engine.Socket{}}},
		{"Socks[1]", engine.ServerOptions{Socks: list(a, nil)}},
		{"Socks[1]", engine.ServerOptions{Socks: list(a, a)}},
		{"Socks[0]", engine.ServerOptions{Socks: list(datagram, a)}},
		{"Socks[2]", engine.ServerOptions{Socks: list(a, b, joined)}},
		{"Socks[0]", engine.ServerOptions{Socks: list(far)}},
		{"Sock", engine.ServerOptions{Sock: far}},
	})
	named := boundUnix(t, filepath.Join(shortDir(t), "s"))
	for _, c := range []struct {
		arg string
		o   engine.UnixServerOptions
	}{
		{"Socks", engine.UnixServerOptions{Path: "x", Socks: list(named)}},
		{"Socks", engine.UnixServerOptions{Sock: named, Socks: list(named)}},
		{"Socks[1]", engine.UnixServerOptions{Socks: list(named, a)}},
		{"Socks[1]", engine.UnixServerOptions{Socks: list(named, far)}},
	} {
		_, err := l.CreateUnixServer(t.Context(), echo, c.o)
		wantArgError(t, "CreateUnixServer", err, c.arg)
	}
	for _, s := range list(a, b, datagram, far, joined, named) {
		if s.Fd() < 0 {
			t.Error("a socket was touched")
		}
	}
}

// TestSocks: a server serves on all sockets that it is given, also what was queued
// by one that listened before.
func TestSocks(t *testing.T) {
	l := servingLoop(t)
	idle, busy := bound(t), bound(t)
	must(t, busy.Listen(5))
	at, err := busy.LocalAddr()
	must(t, err)
	early := client(t, at)
	s := serve(t, l, echo, engine.ServerOptions{Socks: []*engine.Socket{idle, busy}})
	says(t, early, "queued")
	addrs := addressesOf(t, l, s)
	isEqual(t, "addresses", len(addrs), 2)
	for _, at := range addrs {
		says(t, client(t, at), "hello")
	}
	if idle.Fd() >= 0 || busy.Fd() >= 0 {
		t.Error("the server does not own the sockets")
	}
	onLoop(t, l, s.Close)
	for _, at := range addrs {
		refuses(t, at)
	}
}

// TestSocksGone: when one of the sockets is gone, the call closes the others.
func TestSocksGone(t *testing.T) {
	l := servingLoop(t)
	for gone := range 3 {
		list := []*engine.Socket{bound(t), bound(t), bound(t)}
		must(t, list[gone].Close())
		_, err := l.CreateServer(t.Context(), echo, engine.ServerOptions{Socks: list})
		wantErr(t, fmt.Sprint("without number ", gone), err, net.ErrClosed)
		for _, s := range list {
			if s.Fd() >= 0 {
				t.Error("the call does not own the sockets")
			}
		}
	}
}

// TestUnixSocks: each of several unix sockets is served, and its file removed.
func TestUnixSocks(t *testing.T) {
	l, dir := servingLoop(t), shortDir(t)
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	for _, keep := range []bool{false, true} {
		var list []*engine.Socket
		for _, path := range paths {
			list = append(list, boundUnix(t, path))
		}
		s := serveUnix(t, l, engine.UnixServerOptions{Socks: list, KeepFile: keep})
		for _, path := range paths {
			says(t, client(t, unixAt(path)), "hello")
		}
		onLoop(t, l, s.Close)
		for _, path := range paths {
			isEqual(t, "the file is there", exists(path), keep)
		}
	}
}

// TestGroupSocks: sockets that cannot be spread are the first loop's, which hands
// over, so that all loops serve.
func TestGroupSocks(t *testing.T) {
	g := startGroup(t, 3)
	seen := newCensus()
	s, err := g.CreateServer(t.Context(), seen.echo, engine.GroupServerOptions{
		ServerOptions: engine.ServerOptions{Socks: []*engine.Socket{bound(t), bound(t)}},
	})
	must(t, err)
	isEqual(t, "sockets", len(s.Sockets()), 2)
	for i, k := range s.Sockets() {
		at, err := k.LocalAddr()
		must(t, err)
		got := seen.visit(t, at, 15)
		for _, l := range g.Loops() {
			isEqual(t, "connections of a loop", got[l], 5*(i+1))
		}
	}
	path := filepath.Join(shortDir(t), "s")
	u, err := g.CreateUnixServer(t.Context(), echo, engine.GroupUnixServerOptions{
		UnixServerOptions: engine.UnixServerOptions{Socks: []*engine.Socket{boundUnix(t, path)}},
	})
	must(t, err)
	says(t, client(t, unixAt(path)), "hello")
	must(t, ends(u.Shutdown(context.Background())))
	isEqual(t, "the file is there", exists(path), false)
}
