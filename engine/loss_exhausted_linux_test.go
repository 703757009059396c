package engine_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestTimingExhausted is a server without descriptors for three whole pauses.
// Each pause has one report and costs next to nothing, the connections that
// there are go on, and accepting recovers. In a child process, because a process
// has its descriptors in common.
func TestTimingExhausted(t *testing.T) { runLossChild(t, "TestTimingExhaustedChild") }

// TestTimingExhaustedChild is the body of the child; elsewhere it does nothing.
func TestTimingExhaustedChild(t *testing.T) {
	if os.Getenv(lossVariable) != "" {
		testTimingExhausted(t)
		fmt.Println("done")
	}
}

// pauseCPU is the part of a processor that a pause may take: much more than it
// does, for slow machines.
const pauseCPU = 0.05

func testTimingExhausted(t *testing.T) {
	l := newLoop(t)
	pauses := make(chan engine.ErrorContext, 100)
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { pauses <- c })
	start(t, l)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	to := address(t, l, s)
	healthy := client(t, to)
	says(t, healthy, "before")
	c := &crowd{t: t}
	var queue []net.Conn
	onLoop(t, l, func() { // which accepts nothing meanwhile
		for range 3 {
			queue = append(queue, client(t, to))
		}
		c.fill(0)
	})
	<-pauses
	begin, before := time.Now(), cpuTime(t)
	for i := range 3 {
		report := <-pauses
		wantErr(t, "the report", report.Err, syscall.EMFILE)
		isEqual(t, "the server", report.Socket, any(s))
		says(t, healthy, fmt.Sprint("meanwhile ", i))
	}
	wall, cpu := time.Since(begin), cpuTime(t)-before
	t.Logf("%v of CPU in %v", cpu, wall)
	if float64(cpu) > pauseCPU*float64(wall) {
		t.Errorf("three pauses took %v of CPU in %v", cpu, wall)
	}
	if wall < 3*time.Second-50*time.Millisecond {
		t.Errorf("three pauses took %v, want three seconds", wall)
	}
	wantNoDescriptor(t, l, to)
	c.free(len(c.filler))
	for _, k := range queue {
		says(t, k, "served after all")
	}
	says(t, healthy, "after")
	isEqual(t, "pauses beyond those reported", int(statsOf(t, l, s).Pauses)-4, len(pauses))
}

// wantNoDescriptor wants a loop without descriptors to say so to who connects.
func wantNoDescriptor(t *testing.T, l *engine.Loop, to net.Addr) {
	t.Helper()
	_, _, err := l.CreateConnection(context.Background(), echo, at(to))
	wantOpError(t, err, "socket", "tcp", syscall.EMFILE)
}

// cpuTime is what the process has taken so far.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
