//go:build unix

package udpecho

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

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

// startServer runs the server, and returns where it receives and how to end it.
func startServer(t *testing.T, dir string) (addr string, end func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "server"), "-addr", "127.0.0.1:0")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	// A process that is started with SIGINT ignored keeps it so. A handler in the
	// parent gives the child the default action.
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	defer signal.Stop(c)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err, cmd.Wait(), log.String())
	}
	return strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "receiving on ")), func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || log.Len() > 0 {
			t.Errorf("the server ended: %v; it said %q", err, log.String())
		}
	}
}

// TestPrograms: a message comes back, and the server ends at SIGINT.
func TestPrograms(t *testing.T) {
	dir := build(t)
	addr, end := startServer(t, dir)
	for _, message := range []string{"hello", "", strings.Repeat("long ", 1000)} {
		cmd := exec.Command(filepath.Join(dir, "client"), "-addr", addr, "-patience", "10s", message)
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != message+"\n" {
			t.Errorf("%d bytes came back of %d, %v", len(out)-1, len(message), err)
		}
	}
	end()
	out, err := exec.Command(filepath.Join(dir, "client"), "-addr", addr, "x").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "refused") {
		t.Errorf("without a server the client says %q, %v", out, err)
	}
}

// TestSilentServer: the client asks again, and gives up.
func TestSilentServer(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client := exec.Command(filepath.Join(build(t), "client"), "-addr", silent.LocalAddr().String(), "-tries", "3", "-patience", "1ms", "x")
	out, err := client.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no answer to 3 messages") {
		t.Errorf("the client says %q, %v", out, err)
	}
	for range 3 {
		if n, _, err := silent.ReadFrom(make([]byte, 10)); n != 1 || err != nil {
			t.Errorf("the server got %d bytes, %v", n, err)
		}
	}
}
