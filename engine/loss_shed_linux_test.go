package engine_test

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestShed is a server that sheds: who comes while there is no descriptor learns
// of it at once, and the others go on. In a child process, as exhaustion is.
func TestShed(t *testing.T) { runLossChild(t, "TestShedChild") }

// TestShedChild is the body of the child; elsewhere it does nothing.
func TestShedChild(t *testing.T) {
	if os.Getenv(lossVariable) != "" {
		testShed(t)
		fmt.Println("done")
	}
}

func testShed(t *testing.T) {
	l := newLoop(t)
	reports := make(chan engine.ErrorContext, 100)
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { reports <- c })
	start(t, l)
	s := serve(t, l, echo, local(engine.ServerOptions{Shed: true}))
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
	for _, k := range queue {
		hangsUp(t, k)
	}
	says(t, healthy, "meanwhile")
	report := <-reports
	wantErr(t, "the report", report.Err, syscall.EMFILE)
	isEqual(t, "the server", report.Socket, any(s))
	c.free(len(c.filler))
	says(t, client(t, to), "after")
	stats := statsOf(t, l, s)
	if stats.Shed != 3 || stats.Pauses != 0 || stats.Accepted != 2 {
		t.Errorf("%+v", stats)
	}
}
