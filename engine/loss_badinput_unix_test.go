//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestNoSocketIsLeftAlone: a pipe and a file stay open, and as they were.
func TestNoSocketIsLeftAlone(t *testing.T) {
	before := openDescriptors(t)
	r, w := pipe(t)
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	for _, c := range []*os.File{r, w, f} {
		_, err := engine.SocketFrom(c)
		wantOpError(t, err, "socket", "socket", syscall.ENOTSOCK)
	}
	_, err = w.Write([]byte("x"))
	must(t, err)
	n, err := r.Read(make([]byte, 2))
	must(t, err)
	isEqual(t, "read", n, 1)
	must(t, wrote(f.Write([]byte("x"))))
	must(t, f.Close())
	isEqual(t, "descriptors", openDescriptors(t)-before, 2) // the pipe
}

// wrongSockets are the calls that refuse a socket, each with the argument that
// the error names.
func wrongSockets(l *engine.Loop, s *engine.Socket) map[string]func(ctx context.Context) error {
	created := func(_ *engine.Server, err error) error { return err }
	connected := func(_ engine.Transport, _ engine.Protocol, err error) error { return err }
	return map[string]func(context.Context) error{
		"CreateConnection Sock": func(ctx context.Context) error {
			return connected(l.CreateConnection(ctx, echo, engine.ConnectOptions{Sock: s}))
		},
		"ConnectAcceptedSocket s": func(ctx context.Context) error {
			return connected(l.ConnectAcceptedSocket(ctx, echo, s, engine.AcceptedOptions{}))
		},
		"CreateUnixConnection Sock": func(ctx context.Context) error {
			return connected(l.CreateUnixConnection(ctx, echo, engine.UnixConnectOptions{Sock: s}))
		},
		"CreateServer Sock": func(ctx context.Context) error {
			return created(l.CreateServer(ctx, echo, engine.ServerOptions{Sock: s}))
		},
		"CreateUnixServer Sock": func(ctx context.Context) error {
			return created(l.CreateUnixServer(ctx, echo, engine.UnixServerOptions{Sock: s}))
		},
	}
}

// TestDatagramSocketIsLeftAlone by every call that wants a stream: it still has
// its datagrams.
func TestDatagramSocketIsLeftAlone(t *testing.T) {
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockDgram, 0)
	closedLater(t, a, err)
	near, far := farEnd(t, a), farEnd(t, b)
	l := newLoop(t)
	for name, call := range wrongSockets(l, a) {
		_, arg, _ := strings.Cut(name, " ")
		runTask(t, l, func(ctx context.Context) { wantArgError(t, name, call(ctx), arg) })
		far.send(name)
		near.in = tally{}
		near.read()
		isEqual(t, name, near.in, tallyOf([]byte(name)))
	}
}

// TestListeningSocketIsLeftAlone by bad numbers, and by the calls of another
// family: it still has its connections.
func TestListeningSocketIsLeftAlone(t *testing.T) {
	s, to := listening(t)
	l := newLoop(t)
	for arg, o := range map[string]engine.ServerOptions{
		"Backlog": {Sock: s, Backlog: -1}, "AcceptBatch": {Sock: s, AcceptBatch: -1},
		"MaxConnections": {Sock: s, MaxConnections: -1}, "Sock": {Sock: s, Port: 1},
		"Flags": {Sock: s, Flags: -1}, "Family": {Sock: s, Family: -1},
	} {
		_, err := l.CreateServer(t.Context(), echo, o)
		wantArgError(t, "CreateServer", err, arg)
	}
	_, err := l.CreateServer(t.Context(), nil, engine.ServerOptions{Sock: s})
	wantArgError(t, "CreateServer", err, "f")
	for name, call := range wrongSockets(l, s) {
		if strings.Contains(name, "Unix") {
			runTask(t, l, func(ctx context.Context) { wantArgError(t, name, call(ctx), "Sock") })
		}
	}
	wantArgError(t, "Listen", s.Listen(-1), "backlog")
	start(t, l)
	serve(t, l, echo, engine.ServerOptions{Sock: s})
	says(t, client(t, to), "hello")
}

// TestRefusedLimitsChangeNothing: of numbers that are negative, too large, or in
// the wrong order.
func TestRefusedLimitsChangeNothing(t *testing.T) {
	_, _, tr, _ := tapped(t)
	must(t, tr.SetWriteBufferLimits(5000, 1000))
	over := int64(1) << 31 // is negative where int has 32 bits
	for _, c := range []struct {
		arg       string
		high, low int
	}{{"high", -2, 0}, {"low", 1, -2}, {"high", 10, 11}, {"high", int(over), 0}} {
		wantArgError(t, fmt.Sprint(c), tr.SetWriteBufferLimits(c.high, c.low), c.arg)
		low, high := tr.WriteBufferLimits()
		isEqual(t, fmt.Sprint(c), [2]int{high, low}, [2]int{5000, 1000})
	}
}

// failingCalls fail in the system, each with its operation and its address.
func failingCalls(t *testing.T, l *engine.Loop) map[string]func(ctx context.Context) error {
	taken := listeningAt(t)
	long := filepath.Join(shortDir(t), "none", "s")
	nobody := refusing(t)
	return map[string]func(context.Context) error{
		"connect " + nobody.String(): func(ctx context.Context) error {
			_, _, err := l.CreateConnection(ctx, echo, engine.ConnectOptions{Host: "127.0.0.1", Port: int(nobody.Port())})
			return err
		},
		"bind " + taken.String(): func(ctx context.Context) error {
			_, err := l.CreateServer(ctx, echo, local(engine.ServerOptions{Port: taken.Port}))
			return err
		},
		"connect " + long: func(ctx context.Context) error {
			_, _, err := l.CreateUnixConnection(ctx, echo, engine.UnixConnectOptions{Path: long})
			return err
		},
		"bind " + long: func(ctx context.Context) error {
			_, err := l.CreateUnixServer(ctx, echo, engine.UnixServerOptions{Path: long})
			return err
		},
	}
}

func listeningAt(t *testing.T) *net.TCPAddr {
	t.Helper()
	_, to := listening(t)
	return to.(*net.TCPAddr)
}

// TestFailuresNameWhatFailed, and leave nothing open.
func TestFailuresNameWhatFailed(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(context.Context) {}) // has made what a loop keeps
	for name, call := range failingCalls(t, l) {
		op, at, _ := strings.Cut(name, " ")
		before := openDescriptors(t)
		runTask(t, l, func(ctx context.Context) {
			var failed *net.OpError
			if err := call(ctx); !errors.As(err, &failed) || failed.Op != op || !strings.Contains(err.Error(), at) {
				t.Errorf("%v, want an error of %s", err, name)
			}
		})
		isEqual(t, name+": descriptors", openDescriptors(t), before)
	}
}
