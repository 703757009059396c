//go:build unix

package engine_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestConnCloseEndsDeadlines: no timer outlives its Conn, whatever the deadlines.
func TestConnCloseEndsDeadlines(t *testing.T) {
	l, c, _ := connPair(t)
	must(t, c.SetDeadline(time.Now().Add(time.Hour)))
	isEqual(t, "timers", c.Timers(), 2)
	read, write := meanwhile(reading(c)), meanwhile(writing(c))
	until(t, l, func() bool { return c.Transport().WriteBufferSize() > 0 })
	must(t, c.Close())
	isEqual(t, "timers after Close", c.Timers(), 0)
	wantNetErr(t, "the read", <-read, net.ErrClosed)
	wantNetErr(t, "the write", <-write, net.ErrClosed)
	onLoop(t, l, c.Transport().Abort) // nobody reads
}

// TestConnCloseAtDeadline: Close while deadlines pass is Close to those who wait then
// or call later.
func TestConnCloseAtDeadline(t *testing.T) {
	far, l := newOutpost(t), servingLoop(t)
	for i := range 200 {
		c, err := engine.Dial(t.Context(), l, far.options())
		must(t, err)
		<-far.conns
		must(t, c.SetDeadline(time.Now().Add(time.Duration(i)*time.Microsecond)))
		read := meanwhile(reading(c))
		must(t, c.Close())
		if err := <-read; !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		isEqual(t, "timers", c.Timers(), 0)
		wantNetErr(t, "a read", reading(c)(), net.ErrClosed)
		wantNetErr(t, "a write", writing(c)(), net.ErrClosed)
	}
}

// TestConnCloseOfAStoppedLoop: Close ends a write that waits for a loop which does not
// run.
func TestConnCloseOfAStoppedLoop(t *testing.T) {
	far := newOutpost(t)
	l := newLoop(t)
	start(t, l)
	c, err := engine.Dial(t.Context(), l, far.options())
	must(t, err)
	stopAndWait(l)
	must(t, c.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
	wantNetErr(t, "a write", writing(c)(), os.ErrDeadlineExceeded) // as a rule there is no room now
	must(t, c.SetWriteDeadline(time.Time{}))
	write := meanwhile(writing(c))
	for !c.Writing() {
		runtime.Gosched()
	}
	must(t, c.Close())
	wantNetErr(t, "the write", <-write, net.ErrClosed)
}
