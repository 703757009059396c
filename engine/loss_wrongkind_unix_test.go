//go:build unix

package engine_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestListeningSocketIsNoConnection: the calls that want a connection refuse a
// socket that listens, and it goes on to listen.
func TestListeningSocketIsNoConnection(t *testing.T) {
	for _, family := range []int{engine.AFInet, engine.AFUnix} {
		l, s := newLoop(t), newSocket(t, family, engine.SockStream)
		if family == engine.AFInet {
			must(t, s.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
		} else {
			must(t, s.Bind(unixAt(shortDir(t)+"/s")))
		}
		must(t, s.Listen(4))
		for name, call := range wrongSockets(l, s) {
			_, arg, _ := strings.Cut(name, " ")
			if strings.Contains(name, "Server") || strings.Contains(name, "Unix") && family == engine.AFInet {
				continue
			}
			runTask(t, l, func(ctx context.Context) { wantArgError(t, name, call(ctx), arg) })
			if s.Fd() < 0 {
				t.Fatalf("%s has taken the socket", name)
			}
		}
		to, err := s.LocalAddr()
		must(t, err)
		client(t, to)
	}
}

// TestConnectedSocketIsNoServer: it stays the caller's.
func TestConnectedSocketIsNoServer(t *testing.T) {
	for _, kind := range []string{overTCPPair, overUnixPair} {
		l := newLoop(t)
		a, b := pairOf(t, kind)
		far := farEnd(t, b)
		closedLater(t, a, nil)
		name := "CreateServer Sock"
		if kind == overUnixPair {
			name = "CreateUnixServer Sock"
		}
		runTask(t, l, func(ctx context.Context) { wantArgError(t, name, wrongSockets(l, a)[name](ctx), "Sock") })
		if a.Fd() < 0 {
			t.Errorf("%s has taken a connection that it cannot use", name)
			continue
		}
		far.send("still there")
		near := &wireEnd{t: t, s: a}
		near.read()
		isEqual(t, "received", near.in, tallyOf([]byte("still there")))
	}
}
