//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// unixAt is the address of a path.
func unixAt(path string) net.Addr { return &net.UnixAddr{Name: path, Net: "unix"} }

// shortDir is a directory whose name leaves room for that of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "srv")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

func serveUnix(t *testing.T, l *engine.Loop, o engine.UnixServerOptions) *engine.Server {
	t.Helper()
	s, err := l.CreateUnixServer(t.Context(), echo, o)
	must(t, err)
	endServer(t, l, s)
	return s
}

// exists reports whether a file is there.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestUnixServer(t *testing.T) {
	l := servingLoop(t)
	prove(t, "UNIX-07", func(t *testing.T) {
		path := filepath.Join(shortDir(t), "s")
		s := serveUnix(t, l, engine.UnixServerOptions{Path: path})
		onLoop(t, l, func() {
			if !s.IsServing() {
				t.Errorf("made, it is %v", s)
			}
		})
		says(t, client(t, address(t, l, s)), "hello")
		deferred := serveUnix(t, l, engine.UnixServerOptions{Path: path + "2", Deferred: true})
		refuses(t, unixAt(path+"2"))
		must(t, deferred.StartServing(t.Context()))
		says(t, client(t, unixAt(path+"2")), "hello")
	})
	prove(t, "UNIX-08", func(t *testing.T) {
		path := filepath.Join(shortDir(t), "s")
		first := serveUnix(t, l, engine.UnixServerOptions{Path: path})
		_, err := l.CreateUnixServer(t.Context(), echo, engine.UnixServerOptions{Path: path, StrictBind: true})
		wantErr(t, "a strict server on a live path", err, syscall.EADDRINUSE)
		serveUnix(t, l, engine.UnixServerOptions{Path: path})
		says(t, client(t, unixAt(path)), "the second")
		if n := statsOf(t, l, first).Accepted; n > 1 { // the strict one has asked
			t.Errorf("the first has accepted %d", n)
		}
	})
	prove(t, "UNIX-09", func(t *testing.T) {
		path := filepath.Join(shortDir(t), "file")
		must(t, os.WriteFile(path, []byte("kept"), 0o600))
		_, err := l.CreateUnixServer(t.Context(), echo, engine.UnixServerOptions{Path: path})
		wantOpError(t, err, "bind", "unix", syscall.EADDRINUSE)
		if text := err.Error(); !strings.Contains(text, path+" is already in use") {
			t.Errorf("it says %q", text)
		}
		if text, err := os.ReadFile(path); string(text) != "kept" {
			t.Errorf("the file is %q, %v", text, err)
		}
	})
}

// TestUnixServerStrict: nobody listens at a stale file.
func TestUnixServerStrict(t *testing.T) {
	l := servingLoop(t)
	path := filepath.Join(shortDir(t), "s")
	s := serveUnix(t, l, engine.UnixServerOptions{Path: path, KeepFile: true})
	onLoop(t, l, s.Close)
	for range 2 {
		s := serveUnix(t, l, engine.UnixServerOptions{Path: path, StrictBind: true, KeepFile: true})
		says(t, client(t, unixAt(path)), "hello")
		onLoop(t, l, s.Close)
	}
}

func TestUnixServerErrors(t *testing.T) {
	l := servingLoop(t)
	prove(t, "UNIX-10", func(t *testing.T) {
		path := filepath.Join(shortDir(t), "none", "s")
		_, err := l.CreateUnixServer(t.Context(), echo, engine.UnixServerOptions{Path: path})
		if failed := wantOpError(t, err, "bind", "unix", fs.ErrNotExist); failed.Source.String() != path {
			t.Errorf("it is about %v", failed.Source)
		}
		wantErr(t, "its number", err, syscall.ENOENT)
	})
	prove(t, "UNIX-13", func(t *testing.T) {
		idle, datagram := newLoop(t), newSocket(t, engine.AFUnix, engine.SockDgram)
		stream, tcp := newSocket(t, engine.AFUnix, engine.SockStream), newSocket(t, engine.AFInet, engine.SockStream)
		for _, c := range []struct {
			arg string
			o   engine.UnixServerOptions
		}{
			{"Path", engine.UnixServerOptions{}},
			{"Path", engine.UnixServerOptions{Path: strings.Repeat("x", 200)}},
			{"Sock", engine.UnixServerOptions{Path: "x", Sock: stream}},
			{"Sock", engine.UnixServerOptions{Sock: datagram}},
			{"Sock", engine.UnixServerOptions{Sock: tcp}},
			{"Backlog", engine.UnixServerOptions{Path: "x", Backlog: -1}},
			{"AcceptBatch", engine.UnixServerOptions{Path: "x", AcceptBatch: -1}},
			{"MaxConnections", engine.UnixServerOptions{Path: "x", MaxConnections: -1}},
		} {
			_, err := idle.CreateUnixServer(t.Context(), echo, c.o)
			wantArgError(t, "CreateUnixServer", err, c.arg)
		}
		_, err := idle.CreateUnixServer(t.Context(), nil, engine.UnixServerOptions{Path: "x"})
		wantArgError(t, "no factory", err, "f")
		if stream.Fd() < 0 || exists("x") {
			t.Error("something was touched all the same")
		}
	})
}

func TestUnixServerFile(t *testing.T) {
	l := servingLoop(t)
	path := filepath.Join(shortDir(t), "s")
	prove(t, "UNIX-14", func(t *testing.T) {
		s := serveUnix(t, l, engine.UnixServerOptions{Path: path})
		if !exists(path) {
			t.Error("there is no file")
		}
		onLoop(t, l, s.Close)
		if exists(path) {
			t.Error("the file is left")
		}
	})
	prove(t, "UNIX-15", func(t *testing.T) {
		for what, c := range map[string]struct {
			keep   bool
			change func()
			left   bool
		}{
			"replaced": {false, func() { must(t, os.Remove(path+"r")); must(t, os.Link(path+"2", path+"r")) }, true},
			"gone":     {false, func() { must(t, os.Remove(path+"r")) }, false},
			"kept":     {true, nop, true},
		} {
			must(t, os.WriteFile(path+"2", nil, 0o600))
			s := serveUnix(t, l, engine.UnixServerOptions{Path: path + "r", KeepFile: c.keep})
			c.change()
			onLoop(t, l, s.Close)
			if exists(path+"r") != c.left {
				t.Errorf("%s: the file is left: %t", what, !c.left)
			}
			_ = os.Remove(path + "r") // in some cases
		}
	})
	prove(t, "UNIX-18", func(t *testing.T) {
		first := serveUnix(t, l, engine.UnixServerOptions{Path: path})
		serveUnix(t, l, engine.UnixServerOptions{Path: path})
		onLoop(t, l, first.Close)
		says(t, client(t, unixAt(path)), "the second")
	})
}

func TestUnixServerNames(t *testing.T) {
	prove(t, "UNIX-16", func(t *testing.T) {
		l := servingLoop(t)
		path := filepath.Join(shortDir(t), "s")
		k := newSocket(t, engine.AFUnix, engine.SockStream)
		must(t, k.Bind(unixAt(path)))
		s := serveUnix(t, l, engine.UnixServerOptions{Sock: k})
		says(t, client(t, unixAt(path)), "hello")
		onLoop(t, l, s.Close)
		if exists(path) {
			t.Error("the file of a given socket is left")
		}
		if runtime.GOOS == "linux" {
			testAbstractServer(t, l, filepath.Base(filepath.Dir(path)))
		}
	})
	prove(t, "UNIX-17", testUnlinkFails)
}

// testAbstractServer: a file that has the name by chance is not the server's.
func testAbstractServer(t *testing.T, l *engine.Loop, name string) {
	t.Chdir(shortDir(t))
	for _, path := range []string{"@" + name, "\x00" + name} {
		must(t, os.WriteFile("@"+name, nil, 0o600))
		s := serveUnix(t, l, engine.UnixServerOptions{Path: path})
		says(t, client(t, unixAt("@"+name)), "hello")
		_, err := l.CreateUnixServer(t.Context(), echo, engine.UnixServerOptions{Path: path})
		wantErr(t, "a second server", err, syscall.EADDRINUSE)
		onLoop(t, l, s.Close)
		if !exists("@" + name) {
			t.Error("the file is gone")
		}
	}
}

// testUnlinkFails: the server's path becomes one that cannot even be looked at.
func testUnlinkFails(t *testing.T) {
	var log bytes.Buffer
	l := newLoop(t, engine.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	dir := filepath.Join(shortDir(t), "d")
	must(t, os.Mkdir(dir, 0o700))
	s, err := engine.RunUntilComplete(l, func(ctx context.Context) (*engine.Server, error) {
		return l.CreateUnixServer(ctx, echo, engine.UnixServerOptions{Path: filepath.Join(dir, "s")})
	})
	must(t, err)
	must(t, os.Rename(dir, dir+"2"))
	must(t, os.WriteFile(dir, nil, 0o600)) // ENOTDIR from here on
	s.Close()
	if s.IsServing() || !strings.Contains(log.String(), "cannot be removed") {
		t.Errorf("%v has logged %q", s, log.String())
	}
}

// TestUnixServerCancelled: a server that nobody gets leaves no file.
func TestUnixServerCancelled(t *testing.T) {
	l := servingLoop(t)
	path := filepath.Join(shortDir(t), "s")
	err := taskErr(t, l, func(ctx context.Context) error {
		task := engine.CreateTask(l, func(ctx context.Context) (*engine.Server, error) {
			return l.CreateUnixServer(ctx, echo, engine.UnixServerOptions{Path: path})
		}, engine.TaskOptions{})
		must(t, engine.Sleep(ctx, 0))
		task.Cancel(nil)
		_, err := engine.Await(ctx, task)
		return err
	})
	wantErr(t, "CreateUnixServer", err, engine.ErrCancelled)
	if exists(path) {
		t.Error("the file is left")
	}
}
