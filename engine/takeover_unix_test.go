//go:build unix

package engine_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

type servers = map[string]engine.ListeningServer

// wantPrivate wants a descriptor that does not block, and that no program which is
// started has.
func wantPrivate(t *testing.T, s *engine.Socket) {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(s.Fd()), unix.F_GETFD, 0)
	must(t, err)
	status, err := unix.FcntlInt(uintptr(s.Fd()), unix.F_GETFL, 0)
	must(t, err)
	if flags&unix.FD_CLOEXEC == 0 || status&unix.O_NONBLOCK == 0 {
		t.Errorf("the flags are %#x and %#x", flags, status)
	}
}

// TestTakeOver: the successor has all sockets under their names; the predecessor
// serves until it is acknowledged, and whom it accepted beyond that.
func TestTakeOver(t *testing.T) {
	l, dir := servingLoop(t), shortDir(t)
	web, admin := serve(t, l, echo, local(engine.ServerOptions{})), filepath.Join(dir, "admin")
	u := serveUnix(t, l, engine.UnixServerOptions{Path: admin})
	p := awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"web": web, "admin": u}})
	next := succeed(t, p.path)
	info, err := os.Stat(p.path)
	must(t, err)
	isEqual(t, "mode", info.Mode(), fs.ModeSocket|0o600)
	isEqual(t, "sockets", len(next.Sockets), 2)
	isEqual(t, "first", next.Sockets[0].Name, "admin")
	for _, s := range next.Sockets {
		wantPrivate(t, s.Socket)
	}
	at := address(t, l, web)
	old, oldUnix := client(t, at), client(t, unixAt(admin))
	says(t, old, "served by the predecessor")
	says(t, oldUnix, "this too")

	m := servingLoop(t)
	web2 := serve(t, m, echo, engine.ServerOptions{Socks: next.Sockets.Named("web")})
	u2 := serveUnix(t, m, engine.UnixServerOptions{Socks: next.Sockets.Named("admin")})
	must(t, next.Acknowledge(t.Context()))
	isEqual(t, "somebody waits", exists(p.path), false)
	for _, s := range []*engine.Server{web, u} {
		var serving bool
		onLoop(t, l, func() { serving = s.IsServing() })
		isEqual(t, "the predecessor accepts", serving, false)
	}
	p.wait(nil)
	says(t, old, "still there")
	says(t, oldUnix, "this too")
	says(t, client(t, at), "served by the successor")
	says(t, client(t, unixAt(admin)), "this too")
	isEqual(t, "accepted by the successor", statsOf(t, m, web2).Accepted, 1)
	_, err = web.Shutdown(t.Context())
	must(t, err)
	hangsUp(t, old)
	onLoop(t, m, u2.Close)
	isEqual(t, "the file is there", exists(admin), false)
	if err := next.Acknowledge(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second time: %v", err)
	}
}

// TestTakeOverGivenUp: successors that fail change nothing, and are reported.
func TestTakeOverGivenUp(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	p := awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"web": s}})
	for range 2 {
		must(t, succeed(t, p.path).Close())
		p.complains("unexpected EOF")
	}
	c := client(t, unixAt(p.path))
	_, err := io.WriteString(c, "X")
	must(t, err)
	p.complains("'X' came in place of an acknowledgement")
	c = client(t, unixAt(p.path))
	must(t, c.Close())
	<-p.log.more
	says(t, client(t, address(t, l, s)), "hello")
	next := succeed(t, p.path)
	must(t, next.Acknowledge(t.Context()))
	p.wait(nil)
}

// TestTakeOverStalls: a successor that does nothing is given up in time.
func TestTakeOverStalls(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	p := awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"web": s}, Timeout: time.Millisecond})
	next, err := retry(func() (net.Conn, error) { return net.Dial("unix", p.path) }, nobodyThere)
	must(t, err)
	defer next.Close()
	p.complains(engine.ErrTimeout.Error())
	says(t, client(t, address(t, l, s)), "hello")
	p.cancel(io.ErrNoProgress)
	p.wait(io.ErrNoProgress)
	isEqual(t, "somebody waits", exists(p.path), false)
}

// nobodyThere tells that nobody listens yet at a path.
func nobodyThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

// TestTakeOverEnds: the end of ctx ends each of the waits, and the servers serve on.
func TestTakeOverEnds(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	p := awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"web": s}})
	next := succeed(t, p.path)
	p.cancel(io.ErrNoProgress)
	p.wait(io.ErrNoProgress)
	wantErr(t, "Acknowledge", next.Acknowledge(t.Context()), io.ErrUnexpectedEOF)
	says(t, client(t, address(t, l, s)), "hello")

	silent := listenUnix(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Millisecond, func() { cancel(io.ErrNoProgress) })
	_, err := engine.TakeOver(ctx, silent.Addr().String())
	wantOpError(t, err, "takeover", "unix", io.ErrNoProgress)
	_, err = engine.TakeOver(ctx, silent.Addr().String())
	wantErr(t, "TakeOver", err, io.ErrNoProgress)
	wantErr(t, "AwaitSuccessor", engine.AwaitSuccessor(ctx, engine.SuccessorOptions{
		Path: filepath.Join(shortDir(t), "s"), Servers: servers{"web": s},
	}), io.ErrNoProgress)

	p = awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"web": s}})
	next = succeed(t, p.path)
	wantErr(t, "Acknowledge", next.Acknowledge(ctx), io.ErrNoProgress)
}

// listenUnix listens at a path of its own.
func listenUnix(t *testing.T) *net.UnixListener {
	t.Helper()
	u, err := net.Listen("unix", filepath.Join(shortDir(t), "s"))
	must(t, err)
	t.Cleanup(func() { u.Close() })
	return u.(*net.UnixListener)
}

// TestAwaitSuccessorPath: two cannot wait at one path, and nobody waits at a stale
// one.
func TestAwaitSuccessorPath(t *testing.T) {
	l, path := servingLoop(t), filepath.Join(shortDir(t), "next")
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	stale := serveUnix(t, l, engine.UnixServerOptions{Path: path, KeepFile: true})
	onLoop(t, l, stale.Close)
	_, err := engine.TakeOver(t.Context(), path)
	wantOpError(t, err, "takeover", "unix", engine.ErrNoPredecessor)
	_, err = engine.TakeOver(t.Context(), path+"x")
	wantErr(t, "no file", err, engine.ErrNoPredecessor)
	must(t, os.WriteFile(path+"y", nil, 0o600))
	_, err = engine.TakeOver(t.Context(), path+"y/x")
	wantOpError(t, err, "takeover", "unix", syscall.ENOTDIR)
	p := awaitSuccessor(t, engine.SuccessorOptions{Path: path, Servers: servers{"web": s}})
	must(t, succeed(t, path).Close())
	err = engine.AwaitSuccessor(t.Context(), engine.SuccessorOptions{Path: path, Servers: servers{"web": s}})
	wantOpError(t, err, "bind", "unix", syscall.EADDRINUSE)
	must(t, succeed(t, path).Acknowledge(t.Context()))
	p.wait(nil)
	err = engine.AwaitSuccessor(t.Context(), engine.SuccessorOptions{Path: path, Servers: servers{"web": s}})
	wantErr(t, "a server that has relinquished", err, engine.ErrServerClosed)
	g := serveGroup(t, startGroup(t, 2), echo, engine.GroupServerOptions{})
	err = engine.AwaitSuccessor(t.Context(), engine.SuccessorOptions{Path: path, Servers: servers{"a": g, "b": s}})
	wantErr(t, "one of two, behind the other", err, engine.ErrServerClosed)
	g.Close()
	err = engine.AwaitSuccessor(t.Context(), engine.SuccessorOptions{Path: path, Servers: servers{"web": g}})
	wantErr(t, "a closed group's", err, engine.ErrServerClosed)
}

// TestAwaitSuccessorClosed: what was closed meanwhile is not handed over.
func TestAwaitSuccessorClosed(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	p := awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"web": s}})
	must(t, succeed(t, p.path).Close())
	p.complains("EOF")
	onLoop(t, l, s.Close)
	_, err := engine.TakeOver(t.Context(), p.path)
	wantErr(t, "TakeOver", err, io.ErrUnexpectedEOF)
	p.wait(engine.ErrServerClosed)
}

func TestTakeOverArguments(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	long := string(make([]byte, 200))
	path := filepath.Join(shortDir(t), "s")
	for _, c := range []struct {
		arg string
		o   engine.SuccessorOptions
	}{
		{"Path", engine.SuccessorOptions{Servers: servers{"web": s}}},
		{"Path", engine.SuccessorOptions{Path: long, Servers: servers{"web": s}}},
		{"Timeout", engine.SuccessorOptions{Path: path, Servers: servers{"web": s}, Timeout: -1}},
		{"Servers", engine.SuccessorOptions{Path: path}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{"web": nil}}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{"web": (*engine.Server)(nil)}}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{"web": (*engine.GroupServer)(nil)}}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{"": s}}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{"a:b": s}}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{"a\x1f": s}}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{"a\x7f": s}}},
		{"Servers", engine.SuccessorOptions{Path: path, Servers: servers{string(make255()) + "~": s}}},
	} {
		wantArgError(t, "AwaitSuccessor", engine.AwaitSuccessor(t.Context(), c.o), c.arg)
	}
	for _, bad := range []string{"", long} {
		_, err := engine.TakeOver(t.Context(), bad)
		wantArgError(t, "TakeOver", err, "path")
	}
	next := &engine.Takeover{}
	onLoop(t, l, func() {
		_, err := engine.TakeOver(t.Context(), path)
		wantErr(t, "TakeOver", err, engine.ErrNotInTask)
		err = engine.AwaitSuccessor(t.Context(), engine.SuccessorOptions{Path: path, Servers: servers{"web": s}})
		wantErr(t, "AwaitSuccessor", err, engine.ErrNotInTask)
		wantErr(t, "Acknowledge", next.Acknowledge(t.Context()), engine.ErrNotInTask)
	})
	wantErr(t, "another user", engine.CheckUser(os.Geteuid()+1), os.ErrPermission)
	must(t, engine.CheckUser(os.Geteuid()))
	must(t, engine.CheckUser(0))
}

// TestTakeOverMany: more sockets than go into one message, in their order.
func TestTakeOverMany(t *testing.T) {
	const n = 260
	l := servingLoop(t)
	var list []*engine.Socket
	for range n {
		list = append(list, bound(t))
	}
	s := serve(t, l, echo, engine.ServerOptions{Socks: list})
	p := awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"so many": s, string(make255()): serve(t, l, echo, local(engine.ServerOptions{}))}})
	next := succeed(t, p.path)
	isEqual(t, "sockets", len(next.Sockets), n+1)
	got := next.Sockets.Named("so many")
	for i, at := range addressesOf(t, l, s) {
		here, err := got[i].LocalAddr()
		must(t, err)
		isEqual(t, "address", here.String(), at.String())
	}
	must(t, next.Acknowledge(t.Context()))
	p.wait(nil)
}

// make255 is the longest name there is.
func make255() []byte {
	name := make([]byte, 255)
	for i := range name {
		name[i] = '~'
	}
	return name
}

// TestTakeOverGroup: all listening sockets of a group are handed over, also those of
// a loop that has ended.
func TestTakeOverGroup(t *testing.T) {
	g, err := engine.NewGroup(3, hosted(t, engine.Config{}))
	must(t, err)
	must(t, g.Start())
	s := serveGroup(t, g, echo, engine.GroupServerOptions{})
	at := groupAddr(t, s)
	old := client(t, at)
	says(t, old, "hello")
	p := awaitSuccessor(t, engine.SuccessorOptions{Servers: servers{"web": s}})
	first := succeed(t, p.path)
	want := len(first.Sockets)
	must(t, first.Close())
	g.Loops()[2].Stop()
	next := succeed(t, p.path)
	isEqual(t, "sockets", len(next.Sockets), want)
	h, seen := startGroup(t, 2), newCensus()
	_, err = h.CreateServer(t.Context(), seen.echo, engine.GroupServerOptions{
		ServerOptions: engine.ServerOptions{Socks: next.Sockets.Named("web")},
	})
	must(t, err)
	must(t, next.Acknowledge(t.Context()))
	p.wait(nil)
	isEqual(t, "it accepts", s.IsServing(), false)
	isEqual(t, "loops that serve", len(seen.visit(t, at, 50)), 2)
	_ = old.Close()
	must(t, s.WaitClosed(t.Context()))
	if _, err := g.Shutdown(t.Context()); err == nil {
		t.Error("the loop that was stopped is not told")
	}
	onLoop(t, h.Loops()[0], func() {
		wantErr(t, "Relinquish", s.Relinquish(t.Context()), engine.ErrNotInTask)
	})
}

func TestRelinquishWhileALoopEnds(t *testing.T) {
	g, err := engine.NewGroup(2, hosted(t, engine.Config{}))
	must(t, err)
	must(t, g.Start())
	s := serveGroup(t, g, echo, engine.GroupServerOptions{})
	l, blocked := g.Loops()[1], make(chan struct{})
	_, err = l.CallSoonThreadsafe(func() { <-blocked; l.Stop() })
	must(t, err)
	ended := make(chan error)
	go func() { ended <- s.Relinquish(context.Background()) }()
	for s.IsServing() {
		runtime.Gosched()
	}
	close(blocked)
	must(t, <-ended)
	if _, err := g.Shutdown(t.Context()); err == nil {
		t.Error("the loop that was stopped is not told")
	}
}
