//go:build unix

package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
)

// inheritVariable makes a child process one generation of a server that starts its
// own successor.
const inheritVariable = "SHARDLOOP_TEST_INHERIT"

// TestInheritChild is the body of a child process; elsewhere it does nothing.
func TestInheritChild(t *testing.T) {
	if os.Getenv(inheritVariable) == "" {
		t.Skip("only as a child")
	}
	got, err := engine.InheritedSockets()
	must(t, err)
	for _, s := range got {
		wantPrivate(t, s.Socket)
	}
	left, err := engine.InheritedSockets()
	if err != nil || left != nil {
		t.Errorf("a second time: %v, %v", left, err)
	}
	for _, text := range os.Environ() {
		if strings.Contains(text, "LISTEN_") {
			t.Errorf("the environment has %s", text)
		}
	}
	g := startGroup(t, 2)
	o := local(engine.ServerOptions{})
	if got != nil {
		o = engine.ServerOptions{Socks: got.Named("web")}
	}
	s, err := g.CreateServer(t.Context(), echo, engine.GroupServerOptions{ServerOptions: o})
	must(t, err)
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	fmt.Println("ready", at.Network(), at)
	if os.Getenv(inheritVariable) == "old" {
		startHeir(t, s)
	} else {
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	must(t, s.Relinquish(t.Context()))
	must(t, s.WaitClosed(t.Context()))
}

// startHeir starts the next generation and waits until it serves.
func startHeir(t *testing.T, s *engine.GroupServer) {
	t.Helper()
	files, env, err := engine.ListenerFiles(t.Context(), servers{"web": s})
	must(t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^TestInheritChild$", "-test.timeout=10m")
	cmd.Env = append(append(os.Environ(), inheritVariable+"=new"), env...)
	cmd.ExtraFiles = files
	cmd.Stdin, cmd.Stderr = os.Stdin, os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	for _, f := range files {
		status, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
		must(t, err)
		if status&unix.O_NONBLOCK == 0 {
			t.Error("the listening sockets block")
		}
		must(t, f.Close())
	}
	lines := bufio.NewReader(out)
	fmt.Println("ready", readyAt(t, lines).Network(), readyText(t, s))
	t.Cleanup(func() {
		rest, _ := io.ReadAll(lines)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the successor ended with %v:\n%s", err, rest)
		}
	})
}

func readyText(t *testing.T, s *engine.GroupServer) string {
	t.Helper()
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	return at.String()
}

// TestInheritedRestart: a process starts its successor, which inherits the sockets,
// and no client notices.
func TestInheritedRestart(t *testing.T) {
	emulator.SkipChildren(t)
	times := 5
	if testing.Short() {
		times = 1
	}
	for range times {
		cmd := exec.Command(os.Args[0], "-test.run=^TestInheritChild$", "-test.timeout=10m")
		cmd.Env = append(os.Environ(), inheritVariable+"=old")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		in, err := cmd.StdinPipe()
		must(t, err)
		must(t, cmd.Start())
		x := &generation{cmd: cmd, out: bufio.NewReader(out)}
		clients := startTraffic(readyAt(t, x.out), 3)
		readyAt(t, x.out)
		clients.more(t, 100)
		clients.end(t)
		must(t, in.Close())
		x.ends(t)
	}
}

// TestInheritedVariables: what is not meant for this process is none, and what is
// wrong is told, with no descriptor touched.
func TestInheritedVariables(t *testing.T) {
	mine, other := strconv.Itoa(os.Getpid()), strconv.Itoa(os.Getpid()+1)
	parent := strconv.Itoa(os.Getppid())
	for _, c := range []struct{ pid, ppid, count, names, want string }{
		{"", "", "", "", ""},
		{"", "", "1", "", ""},
		{other, "", "1", "", ""},
		{other, parent, "x", "", ""},
		{"", other, "1", "", ""},
		{"x", "", "1", "", `LISTEN_PID="x"`},
		{"-1", "", "1", "", `LISTEN_PID="-1"`},
		{"", "0", "1", "", `SHARDLOOP_LISTEN_PPID="0"`},
		{mine, "", "", "", `LISTEN_FDS=""`},
		{mine, "", "0", "", `LISTEN_FDS="0"`},
		{mine, other, "-1", "", `LISTEN_FDS="-1"`},
		{mine, "", "65536", "", `LISTEN_FDS="65536"`},
		{"", parent, "x", "", `LISTEN_FDS="x"`},
		{mine, "", "2", "a", `LISTEN_FDNAMES="a" does not have 2 names`},
		{mine, "", "1", "a:b", `LISTEN_FDNAMES="a:b" does not have 1 names`},
		{mine, "", "60000", "", "(unknown)"},
	} {
		t.Setenv("LISTEN_PID", c.pid)
		t.Setenv("SHARDLOOP_LISTEN_PPID", c.ppid)
		t.Setenv("LISTEN_FDS", c.count)
		t.Setenv("LISTEN_FDNAMES", c.names)
		if c.names == "" {
			os.Unsetenv("LISTEN_FDNAMES")
		}
		got, err := engine.InheritedSockets()
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != nil || !strings.Contains(text, c.want) || strings.Contains(text, "%!") || c.want == "" && err != nil {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
		for _, name := range []string{"LISTEN_PID", "SHARDLOOP_LISTEN_PPID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
			if text, ok := os.LookupEnv(name); ok {
				t.Errorf("%s=%q is left", name, text)
			}
		}
	}
}

// TestSystemdChild is a program that systemd starts; elsewhere it does nothing.
func TestSystemdChild(t *testing.T) {
	if os.Getenv(inheritVariable) == "" {
		t.Skip("only as a child")
	}
	must(t, os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))) // as systemd does it between fork and exec
	got, err := engine.InheritedSockets()
	if os.Getenv(inheritVariable) == "a file" {
		if err == nil || !strings.Contains(err.Error(), "descriptor 4 (b)") {
			t.Error(err)
		}
		return
	}
	must(t, err)
	isEqual(t, "sockets", len(got), 2)
	isEqual(t, "first", got[0].Name, "a")
	isEqual(t, "second", got[1].Name, "b")
	l := servingLoop(t)
	s := serve(t, l, echo, engine.ServerOptions{Socks: []*engine.Socket{got[0].Socket, got[1].Socket}})
	for _, at := range addressesOf(t, l, s) {
		says(t, client(t, at), "hello")
	}
	must(t, got.Close())
}

// TestSystemd: sockets that another program has bound, blocking ones, say.
func TestSystemd(t *testing.T) {
	emulator.SkipChildren(t)
	for _, kind := range []string{"sockets", "a file"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSystemdChild$", "-test.timeout=10m")
		cmd.Env = append(os.Environ(), inheritVariable+"="+kind, "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b")
		for range 2 {
			u, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer u.Close()
			f, err := u.(*net.TCPListener).File()
			must(t, err)
			defer f.Close()
			cmd.ExtraFiles = append(cmd.ExtraFiles, f)
		}
		if kind == "a file" {
			cmd.ExtraFiles[1] = os.Stderr
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", kind, err, out)
		}
	}
}

// TestListenerFiles: what cannot be left to anybody is refused.
func TestListenerFiles(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	_, _, err := engine.ListenerFiles(t.Context(), nil)
	wantArgError(t, "no servers", err, "servers")
	onLoop(t, l, s.Close)
	_, _, err = engine.ListenerFiles(t.Context(), servers{"web": s})
	wantErr(t, "a closed server", err, engine.ErrServerClosed)
}
