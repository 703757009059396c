//go:build unix

package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
)

// restartVariable tells a child process where it listens and where it meets its
// predecessor and its successor.
const restartVariable = "SHARDLOOP_TEST_RESTART"

// TestRestartChild is the body of a child process, one generation of a server;
// elsewhere it does nothing.
func TestRestartChild(t *testing.T) {
	network, path, ok := strings.Cut(os.Getenv(restartVariable), " ")
	if !ok {
		t.Skip("only as a child")
	}
	g := startGroup(t, 2)
	var next *engine.Takeover
	if network == "next" {
		next = succeed(t, path)
		at, err := next.Sockets[0].Socket.LocalAddr()
		must(t, err)
		network = at.Network()
	}
	s := serveNext(t, g, network, path, next)
	if next != nil {
		must(t, next.Acknowledge(t.Context()))
	}
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	fmt.Println("ready", at.Network(), at)
	must(t, engine.AwaitSuccessor(t.Context(), engine.SuccessorOptions{
		Path: path, Servers: map[string]engine.ListeningServer{"web": s},
	}))
	must(t, s.WaitClosed(t.Context()))
}

// serveNext serves on the sockets of the predecessor, or on new ones.
func serveNext(t *testing.T, g *engine.Group, network, path string, next *engine.Takeover) *engine.GroupServer {
	var list []*engine.Socket
	if next != nil {
		list = next.Sockets.Named("web")
	}
	if network == "unix" {
		o := engine.UnixServerOptions{Path: path + ".web", Backlog: 1000}
		if next != nil {
			o.Path, o.Socks = "", list
		}
		s, err := g.CreateUnixServer(t.Context(), echo, engine.GroupUnixServerOptions{UnixServerOptions: o})
		must(t, err)
		return s
	}
	o := engine.ServerOptions{Host: "127.0.0.1", Backlog: 1000}
	if next != nil {
		o = engine.ServerOptions{Socks: list, Backlog: 1000}
	}
	s, err := g.CreateServer(t.Context(), echo, engine.GroupServerOptions{ServerOptions: o})
	must(t, err)
	return s
}

// generation is a child process that serves.
type generation struct {
	cmd *exec.Cmd
	out *bufio.Reader
	at  net.Addr
}

// startGeneration starts a process and waits until it serves.
func startGeneration(t *testing.T, network, path string) *generation {
	t.Helper()
	emulator.SkipChildren(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestRestartChild$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), restartVariable+"="+network+" "+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	x := &generation{cmd: cmd, out: bufio.NewReader(out)}
	x.at = readyAt(t, x.out)
	return x
}

// readyAt is where a process says that it serves.
func readyAt(t *testing.T, out *bufio.Reader) net.Addr {
	t.Helper()
	line, err := out.ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) != 3 || words[0] != "ready" {
		rest, _ := io.ReadAll(out)
		t.Fatalf("%v: %s%s", err, line, rest)
	}
	if words[1] == "unix" {
		return unixAt(words[2])
	}
	at, err := net.ResolveTCPAddr(words[1], words[2])
	must(t, err)
	return at
}

// ends wants the process to end by itself.
func (x *generation) ends(t *testing.T) {
	t.Helper()
	rest, _ := io.ReadAll(x.out)
	if err := x.cmd.Wait(); err != nil {
		t.Fatalf("the process ended with %v:\n%s", err, rest)
	}
}

// traffic are clients that connect, ask, get the answer and go, without pause.
type traffic struct {
	at      net.Addr
	clients sync.WaitGroup

	mu     sync.Mutex
	served int   // guarded by mu
	failed error // guarded by mu
	over   bool  // guarded by mu
	change *sync.Cond
}

func startTraffic(at net.Addr, clients int) *traffic {
	x := &traffic{at: at}
	x.change = sync.NewCond(&x.mu)
	for i := range clients {
		x.clients.Go(func() {
			for n := 0; x.count(x.request(fmt.Sprintf("client %d, request %d", i, n))); n++ {
			}
		})
	}
	return x
}

// request is one client's whole life.
func (x *traffic) request(text string) error {
	c, err := net.Dial(x.at.Network(), x.at.String())
	if err != nil {
		return err
	}
	defer c.Close()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // or the ports that wait would be used up
	}
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
		return fmt.Errorf("%q was answered by %q, %v", text, got, err)
	}
	return nil
}

// count counts a request and tells whether to go on.
func (x *traffic) count(err error) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.served++
	if err != nil && x.failed == nil {
		x.failed = err
	}
	x.change.Broadcast()
	return x.failed == nil && !x.over
}

// more waits for so many requests more.
func (x *traffic) more(t *testing.T, n int) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	for end := x.served + n; x.served < end && x.failed == nil; {
		x.change.Wait()
	}
	if x.failed != nil {
		t.Fatal(x.failed)
	}
}

// end ends the clients.
func (x *traffic) end(t *testing.T) {
	x.mu.Lock()
	x.over = true
	x.mu.Unlock()
	x.clients.Wait()
	must(t, x.failed)
}

// TestRestart: a server is restarted again and again under load, and no client
// notices. Each process ends by itself, when it has served whom it accepted.
func TestRestart(t *testing.T) {
	for network, times := range map[string]int{"tcp": 20, "unix": 5} {
		t.Run(network, func(t *testing.T) {
			if testing.Short() {
				times = 2
			}
			path := filepath.Join(shortDir(t), "next")
			now := startGeneration(t, network, path)
			x := startTraffic(now.at, 4)
			defer x.end(t)
			for range times {
				x.more(t, 50)
				next := startGeneration(t, "next", path)
				isEqual(t, "address", next.at.String(), now.at.String())
				x.more(t, 50)
				now.ends(t)
				now = next
			}
			x.end(t)
			t.Log(x.served, "requests in", times, "restarts")
			endGenerations(t, now, path)
		})
	}
}

// endGenerations takes over from the last one.
func endGenerations(t *testing.T, last *generation, path string) {
	next := succeed(t, path)
	must(t, next.Acknowledge(context.Background()))
	last.ends(t)
	isEqual(t, "somebody waits", exists(path), false)
	isEqual(t, "the file of the server is there", exists(path+".web"), last.at.Network() == "unix")
}
