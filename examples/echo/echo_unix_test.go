//go:build unix

package echo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// build makes the two programs and returns their directory.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", dir, "./server", "./client").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// server is a child process that runs the server.
type server struct {
	cmd  *exec.Cmd
	addr string
	out  io.Reader
	log  bytes.Buffer
}

func startServer(t *testing.T, dir string) *server {
	t.Helper()
	s := &server{cmd: exec.CommandContext(t.Context(), filepath.Join(dir, "server"), "-addr", "127.0.0.1:0")}
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	s.out = out
	if err != nil {
		t.Fatal(err)
	}
	// A process that is started with SIGINT ignored keeps it so. A handler in the
	// parent gives the child the default action.
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	defer signal.Stop(c)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if s.addr = strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "listening on ")); err != nil {
		t.Fatal(err, s.cmd.Wait(), s.log.String())
	}
	return s
}

func (s *server) interrupt(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// end wants that the server ends well and says nothing more.
func (s *server) end(t *testing.T) {
	t.Helper()
	rest, _ := io.ReadAll(s.out)
	if err := s.cmd.Wait(); err != nil || len(rest)+s.log.Len() > 0 {
		t.Errorf("the server ended: %v; it said %q and %q", err, rest, s.log.String())
	}
}

// dial connects to the server and sees that it answers.
func (s *server) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	one := []byte{7}
	if _, err := conn.Write(one); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, one); err != nil || one[0] != 7 {
		t.Fatal(one, err)
	}
	return conn.(*net.TCPConn)
}

// load is 1 MiB that is different in every place.
func load() []byte {
	p := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{}).Read(p)
	return p
}

// TestPrograms: every client gets back what it sent, and the server ends at
// SIGINT.
func TestPrograms(t *testing.T) {
	dir := build(t)
	s := startServer(t, dir)
	t.Run("client", func(t *testing.T) { talk(t, filepath.Join(dir, "client"), "-addr", s.addr) })
	t.Run("net", func(t *testing.T) { exchange(t, s.dial(t)) })
	host, port, _ := net.SplitHostPort(s.addr)
	for _, other := range [][]string{{"nc", "-N", host, port}, {"socat", "-t60", "-", "TCP:" + s.addr}} {
		if path, err := exec.LookPath(other[0]); err == nil {
			t.Run(other[0], func(t *testing.T) { talk(t, path, other[1:]...) })
		}
	}
	s.interrupt(t)
	s.end(t)
	out, err := exec.Command(filepath.Join(dir, "client"), "-addr", s.addr).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "refused") {
		t.Errorf("without a server the client says %q, %v", out, err)
	}
}

// talk runs a client that is a program of its own.
func talk(t *testing.T, program string, args ...string) {
	want := load()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var log bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(want), &log
	got, err := cmd.Output()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back of %d, %v: %s", len(got), len(want), err, log.String())
	}
}

// exchange sends, ends its half, and reads what comes back.
func exchange(t *testing.T, conn *net.TCPConn) {
	want := load()
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(want)
		if err == nil {
			err = conn.CloseWrite()
		}
		sent <- err
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(want), err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// TestInterruptWaits: connections that are open live on after the first SIGINT,
// not after the second.
func TestInterruptWaits(t *testing.T) {
	dir := build(t)
	t.Run("once", func(t *testing.T) {
		s := startServer(t, dir)
		conn := s.dial(t)
		s.interrupt(t)
		refused(t, s.addr)
		exchange(t, conn)
		s.end(t)
	})
	t.Run("twice", func(t *testing.T) {
		s := startServer(t, dir)
		s.dial(t)
		s.interrupt(t)
		refused(t, s.addr)
		s.interrupt(t)
		s.end(t)
	})
}

// refused waits until the server does not listen any more.
func refused(t *testing.T, addr string) {
	t.Helper()
	for t.Context().Err() == nil {
		var d net.Dialer
		conn, err := d.DialContext(context.Background(), "tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
	}
}

// TestServerHoldsBack: a client that does not read cannot send without end.
func TestServerHoldsBack(t *testing.T) {
	s := startServer(t, build(t))
	conn := s.dial(t)
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Write(make([]byte, 128<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server took %d bytes, %v", n, err)
	}
	conn.Close()
	s.interrupt(t)
	s.end(t)
}
