package engine_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
	"github.com/shardloop/shardloop/poller"
)

// exhaustedVariable tells a child process which of the tests it is.
const exhaustedVariable = "SHARDLOOP_TEST_EXHAUSTED"

// clockPoller is the system's poller with a clock that tests move forward.
type clockPoller struct {
	poller.Poller
	ahead int64
}

func (c *clockPoller) Now() int64 { return c.Poller.Now() + c.ahead }

func (c *clockPoller) Wait(deadline int64, m poller.Mode) ([]poller.Event, error) {
	return c.Poller.Wait(deadline-c.ahead, m)
}

// TestServerExhaustedChild is the body of a child process; elsewhere it does
// nothing.
func TestServerExhaustedChild(t *testing.T) {
	if fn := exhaustedChildren[os.Getenv(exhaustedVariable)]; fn != nil {
		fn(t)
		fmt.Println("done")
	}
}

var exhaustedChildren = map[string]func(t *testing.T){
	"SRV-05": testExhausted, "SRV-06": testExhaustedOnce, "SRV-07": testExhaustedClosed,
	"Shutdown": testExhaustedShutdown, "SockAccept": testSockExhausted,
}

func TestServerExhausted(t *testing.T) {
	for _, id := range []string{"SRV-05", "SRV-06", "SRV-07"} {
		prove(t, id, func(t *testing.T) { exhaustedChild(t, id) })
	}
	t.Run("Shutdown", func(t *testing.T) { exhaustedChild(t, "Shutdown") })
}

func exhaustedChild(t *testing.T, name string) {
	t.Helper()
	emulator.SkipChildren(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerExhaustedChild$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), exhaustedVariable+"="+name)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "done\n") {
		t.Errorf("the child ended with %v:\n%s", err, out)
	}
}

// crowd is a server without descriptors, on a loop that does not run.
type crowd struct {
	t       *testing.T
	loop    *engine.Loop
	clock   *clockPoller
	reports *serverReports
	server  *engine.Server
	clients []net.Conn
	filler  []int
}

// newCrowd has n clients in a server's queue, and as many free descriptors as
// free says.
func newCrowd(t *testing.T, n, free int) *crowd {
	t.Helper()
	p, err := poller.New()
	must(t, err)
	c := &crowd{t: t, clock: &clockPoller{Poller: p}}
	c.loop = newLoop(t, engine.Config{Poller: c.clock})
	c.reports = reportsOf(c.loop)
	c.server = serveHere(t, c.loop, echo, engine.ServerOptions{})
	c.clients = queued(t, c.server, n)
	c.fill(free)
	return c
}

// fill uses all descriptors up but for some.
func (c *crowd) fill(free int) {
	c.t.Helper()
	var limit syscall.Rlimit
	must(c.t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = 200
	must(c.t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	for {
		fd, err := syscall.Dup(0)
		if err != nil {
			break
		}
		c.filler = append(c.filler, fd)
	}
	c.free(free)
	c.t.Cleanup(func() { c.free(len(c.filler)) })
}

func (c *crowd) free(n int) {
	for _, fd := range c.filler[:n] {
		_ = syscall.Close(fd)
	}
	c.filler = c.filler[n:]
}

func (c *crowd) turns(n int) {
	c.t.Helper()
	for range n {
		turn(c.t, c.loop)
	}
}

// want wants so many connections and reports so far.
func (c *crowd) want(accepted uint64, reports int) {
	c.t.Helper()
	stats := c.server.Stats()
	list := c.reports.take()
	if stats.Accepted != accepted || len(list) != reports {
		c.t.Errorf("the counts are %+v with the reports %v, want %d and %d", stats, list, accepted, reports)
	}
}

// testExhausted: the pause, and the end of it, with a connection that lives on.
func testExhausted(t *testing.T) {
	c := newCrowd(t, 5, 1)
	c.turns(6)
	list := c.reports.take()
	if len(list) != 1 || list[0].Message != "socket.accept() out of system resource" || list[0].Socket != any(c.server) {
		t.Fatalf("reported %v", list)
	}
	wantErr(t, "the report", list[0].Err, syscall.EMFILE)
	c.want(1, 0)
	start(t, c.loop)
	says(t, c.clients[0], "it lives on")
	stopAndWait(c.loop)
	c.free(len(c.filler))
	c.clock.ahead += int64(time.Second)
	start(t, c.loop)
	for _, k := range c.clients {
		says(t, k, "served")
	}
	stopAndWait(c.loop)
	c.want(5, 0)
	if n := c.server.Stats().Pauses; n != 1 {
		t.Errorf("%d pauses", n)
	}
}

// testExhaustedOnce: a report for each second, not for each turn or connection.
func testExhaustedOnce(t *testing.T) {
	c := newCrowd(t, 5, 1)
	c.turns(20)
	c.want(1, 1)
	events := c.loop.Stats().Events
	for range 3 {
		c.clock.ahead += int64(time.Second)
		c.turns(20)
		c.want(1, 1)
	}
	if n := c.loop.Stats().Events - events; n > 3 {
		t.Errorf("there were %d events, which is a spin", n)
	}
	c.free(len(c.filler))
}

// testExhaustedClosed: closed during the pause, whose descriptor is another's
// by its end.
func testExhaustedClosed(t *testing.T) {
	c := newCrowd(t, 3, 0)
	c.turns(5)
	c.want(0, 1)
	fd := c.server.Sockets()[0].Fd()
	c.server.Close()
	k := newSocket(t, engine.AFInet, engine.SockStream)
	if k.Fd() != fd {
		t.Fatalf("the descriptor is %d, want %d again", k.Fd(), fd)
	}
	must(t, k.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	must(t, k.Listen(1))
	at, err := k.LocalAddr()
	must(t, err)
	c.free(len(c.filler))
	client(t, at)
	c.clock.ahead += int64(2 * time.Second)
	c.turns(5)
	c.want(0, 0)
}

// testExhaustedShutdown: nothing of the queue is lost for want of descriptors.
func testExhaustedShutdown(t *testing.T) {
	c := newCrowd(t, 4, 1)
	shutdown(t, c.loop, c.server)
	for _, k := range c.clients {
		hangsUp(t, k)
	}
	if stats := c.server.Stats(); stats.Accepted != 4 || stats.Closed != 4 {
		t.Errorf("the counts are %+v", stats)
	}
	c.free(len(c.filler))
}
