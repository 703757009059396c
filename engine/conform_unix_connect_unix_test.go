//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// unixOutpost listens at a path of its own.
func unixOutpost(t *testing.T) (*outpost, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "far")
	return outpostAt(t, "unix", path), path
}

// connectUnix makes a connection in a task.
func connectUnix(ctx context.Context, l *engine.Loop, o engine.UnixConnectOptions) (engine.Transport, *near, error) {
	p := newNear(l)
	tr, _, err := l.CreateUnixConnection(ctx, func() engine.Protocol { return p }, o)
	return tr, p, err
}

// wantNoUnix wants that to fail without a call of the factory.
func wantNoUnix(t *testing.T, ctx context.Context, l *engine.Loop, o engine.UnixConnectOptions) error {
	t.Helper()
	tr, p, err := l.CreateUnixConnection(ctx, func() engine.Protocol { panic("of nothing") }, o)
	if tr != nil || p != nil || err == nil {
		t.Errorf("%+v: %v, %v, %v, want an error alone", o, tr, p, err)
	}
	return err
}

// testUnixOrder has the peer's bytes in the socket before anybody knows of the
// connection.
func testUnixOrder(t *testing.T) {
	far, path := unixOutpost(t)
	c := newTurnCount(t)
	runTask(t, c.l, func(ctx context.Context) {
		data := engine.NewFuture[string](c.l)
		_, _, err := c.l.CreateUnixConnection(ctx, func() engine.Protocol {
			far.send(t, <-far.conns, "early")
			c.turns = 0
			c.note("factory")
			return &noting{c: c, data: data}
		}, engine.UnixConnectOptions{Path: path})
		must(t, err)
		c.note("returned")
		if text, err := engine.Await(ctx, data); text != "early" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	})
	c.want(t, "0 factory", "1 made", "2 soon", "2 returned", "2 data")
}

func TestUnixConnect(t *testing.T) {
	prove(t, "UNIX-01", testUnixOrder)
	prove(t, "UNIX-05", func(t *testing.T) {
		l := newLoop(t)
		dir := t.TempDir()
		missing, dead := filepath.Join(dir, "missing"), filepath.Join(dir, "dead")
		s := newSocket(t, engine.AFUnix, engine.SockStream)
		must(t, s.Bind(&net.UnixAddr{Name: dead, Net: "unix"}))
		runTask(t, l, func(ctx context.Context) {
			for path, want := range map[string]error{missing: fs.ErrNotExist, dead: syscall.ECONNREFUSED} {
				err := wantNoUnix(t, ctx, l, engine.UnixConnectOptions{Path: path})
				if failed := wantOpError(t, err, "connect", "unix", want); fmt.Sprint(failed.Addr) != path {
					t.Errorf("the address is %v, want %s", failed.Addr, path)
				}
			}
		})
	})
	prove(t, "UNIX-06", func(t *testing.T) {
		far, path := unixOutpost(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			tr, p, err := connectUnix(ctx, l, engine.UnixConnectOptions{Path: path})
			must(t, err)
			local, peer := tr.ExtraInfo("sockname").(*net.UnixAddr), tr.ExtraInfo("peername").(*net.UnixAddr)
			if local.Name != "" || peer.Name != path {
				t.Errorf("%q to %q, want none to %q", local.Name, peer.Name, path)
			}
			if at := (<-far.conns).RemoteAddr().(*net.UnixAddr); at.Name != "" && at.Name != "@" {
				t.Errorf("the peer sees %q", at.Name)
			}
			p.closes(t, ctx)
		})
	})
}

func TestUnixConnectNeeds(t *testing.T) {
	prove(t, "UNIX-03", func(t *testing.T) {
		a, _ := streams(t)
		tcp, dgram := newSocket(t, engine.AFInet, engine.SockStream), newSocket(t, engine.AFUnix, engine.SockDgram)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			for _, c := range []struct {
				o   engine.UnixConnectOptions
				arg string
			}{
				{engine.UnixConnectOptions{}, "Path"},
				{engine.UnixConnectOptions{Path: "x", Sock: a}, "Sock"},
				{engine.UnixConnectOptions{Sock: tcp}, "Sock"},
				{engine.UnixConnectOptions{Sock: dgram}, "Sock"},
				{engine.UnixConnectOptions{Path: strings.Repeat("x", 300)}, "Path"},
				{engine.UnixConnectOptions{Path: "x\x00y"}, "Path"},
			} {
				wantArgError(t, fmt.Sprintf("%+v", c.o), wantNoUnix(t, ctx, l, c.o), c.arg)
			}
			_, _, err := l.CreateUnixConnection(ctx, nil, engine.UnixConnectOptions{Path: "x"})
			wantArgError(t, "no factory", err, "f")
			testUnixSocketGiven(t, ctx, l)
		})
		if a.Fd() < 0 {
			t.Error("a socket that was refused is gone")
		}
	})
	prove(t, "UNIX-19", testUnixHangUp)
}

func testUnixSocketGiven(t *testing.T, ctx context.Context, l *engine.Loop) {
	a, b := streams(t)
	tr, p, err := connectUnix(ctx, l, engine.UnixConnectOptions{Sock: a})
	must(t, err)
	_, err = tr.Write([]byte("given"))
	must(t, err)
	p.closes(t, ctx)
	buf := make([]byte, 9)
	if n, err := syscall.Read(int(b.Fd()), buf); string(buf[:max(0, n)]) != "given" || err != nil {
		t.Errorf("the peer got %q, %v", buf[:max(0, n)], err)
	}
	wantOpError(t, wantNoUnix(t, ctx, l, engine.UnixConnectOptions{Sock: a}), "connect", "unix", net.ErrClosed)
}

// testUnixHangUp: what was sent before the peer hung up arrives, whole.
func testUnixHangUp(t *testing.T) {
	far, path := unixOutpost(t)
	l := newLoop(t)
	const size = 4000 // which every system takes
	runTask(t, l, func(ctx context.Context) {
		p := newNear(l)
		p.onMade = func(tr engine.Transport) { tr.PauseReading() }
		_, _, err := l.CreateUnixConnection(ctx, func() engine.Protocol { return p }, engine.UnixConnectOptions{Path: path})
		must(t, err)
		c := <-far.conns
		far.send(t, c, strings.Repeat("x", size))
		must(t, c.Close())
		for range 5 { // the loop is told of the hang-up
			_ = engine.Sleep(ctx, 0)
		}
		p.want(t, "made")
		p.transport.ResumeReading()
		p.wantLost(t, ctx)
		if len(p.text) != size {
			t.Errorf("%d bytes, want %d", len(p.text), size)
		}
		p.lines = slices.Compact(p.lines)
		p.want(t, "data", "eof", "lost")
	})
}

// TestUnixConnectPaths: the path of a file, and one that says where it is from.
func TestUnixConnectPaths(t *testing.T) {
	prove(t, "UNIX-02", func(t *testing.T) {
		far, path := unixOutpost(t)
		here, err := os.Getwd()
		must(t, err)
		short, err := filepath.Rel(here, path)
		must(t, err)
		l := newLoop(t)
		for _, p := range append([]string{path, short}, abstractPaths(t)...) {
			runTask(t, l, func(ctx context.Context) {
				tr, n, err := connectUnix(ctx, l, engine.UnixConnectOptions{Path: p})
				must(t, err)
				if at := tr.ExtraInfo("peername").(*net.UnixAddr).Name; at != strings.Replace(p, "\x00", "@", 1) {
					t.Errorf("the peer is %q, want %q", at, p)
				}
				n.closes(t, ctx)
			})
		}
		rest(t, <-far.conns)
	})
}
