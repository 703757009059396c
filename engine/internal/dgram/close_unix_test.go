//go:build unix

package dgram

import (
	"errors"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// TestCloseFlushes: the end waits until the kernel has all.
func TestCloseFlushes(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	k := w.script(answer{n: 1}, answer{err: syscall.EAGAIN}, answer{n: 1}, answer{err: syscall.EAGAIN})
	w.turn(func() { o.sends("a", "b", "c"); o.Close(); o.Close() })
	equal(t, "closing", o.IsClosing(), true)
	err := o.Send([]byte("late"), sock.Addr{})
	equal(t, "late", err, ErrClosing)
	for range 3 {
		w.turn()
	}
	o.event(poller.Writable)
	w.turn()
	o.wants()
	o.event(poller.Writable)
	w.turn()
	wantTexts(t, "sent", k.taken, "a", "b", "c")
	o.wants()
	w.turn()
	o.wants("lost")
	equal(t, "late", w.sh.Stats().LateSends, 1)
	equal(t, "open", w.sh.Stats().Open, 0)
	equal(t, "lost", w.sh.Stats().Lost, 1)
}

// TestAbortDrops: what the kernel has refused, with a count; a second end changes
// nothing.
func TestAbortDrops(t *testing.T) {
	for _, closed := range []bool{false, true} {
		w := simple(t)
		o, _ := w.pair()
		w.script(answer{n: 1}, answer{err: syscall.EAGAIN})
		w.turn(func() {
			o.sends("a", "b", "c")
			o.Buffered()
			if closed {
				o.Close()
			}
			o.Abort()
			o.Abort()
			o.Close()
		})
		w.turn()
		w.turn()
		o.wants("lost")
		equal(t, "dropped", w.sh.Stats().Unsent, 2)
	}
}

// TestAbortSendsWhatIsHeld: that has had no try before.
func TestAbortSendsWhatIsHeld(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	k := w.script()
	w.turn(func() { o.sends("a"); o.Abort() })
	wantTexts(t, "sent", k.taken, "a")
	equal(t, "dropped", w.sh.Stats().Unsent, 0)
}

// TestCloseTimeout gives up the rest, after a last try.
func TestCloseTimeout(t *testing.T) {
	errLate := errors.New("late")
	unsent := -1
	limit := func(c *Config) {
		c.CloseTimeout = 5 * time.Millisecond
		c.Expired = func(n int) error { unsent = n; return errLate }
	}
	w := simple(t, limit)
	o, _ := w.pair()
	k := w.script(answer{err: syscall.EAGAIN}, answer{n: 1}, answer{err: syscall.EAGAIN})
	w.turn(func() { o.sends("aaa", "bb"); o.Close() })
	w.until(func() bool { return o.Fd() < 0 })
	wantTexts(t, "sent", k.taken, "aaa")
	equal(t, "given up", unsent, 2)
	wantOpError(t, o.errs[0], "close", sock.Addr{}, errLate)
	equal(t, "counted", w.sh.Stats().TimedOut, 1)
	equal(t, "dropped", w.sh.Stats().Unsent, 1)
	o.wants("lost")

	w = simple(t, limit)
	o, _ = w.pair()
	w.script(answer{err: syscall.EAGAIN})
	w.turn(func() { o.sends("a"); o.Close() })
	w.until(func() bool { return o.Fd() < 0 }) // the last try has sent it
	equal(t, "counted", w.sh.Stats().TimedOut, 0)
	equal(t, "errors", len(o.errs), 0)
}

// TestCloseTimeoutOfEver does not pass.
func TestCloseTimeoutOfEver(t *testing.T) {
	w := simple(t, func(c *Config) {
		c.CloseTimeout = math.MaxInt64
		c.Expired = func(int) error { return errors.New("late") }
	})
	o, _ := w.pair()
	w.script(answer{err: syscall.EAGAIN}, answer{err: syscall.EAGAIN})
	w.turn(func() { o.sends("a"); o.Close() })
	w.turn()
	w.turn()
	o.wants()
	equal(t, "waits", o.out.len(), 1)
}

// TestCloseLeavesNothing: neither a timer nor a registration.
func TestCloseLeavesNothing(t *testing.T) {
	w := simple(t, func(c *Config) { c.CloseTimeout = time.Hour })
	w.turn()
	before := w.r.Stats()
	o, _ := w.pair()
	w.turn()
	equal(t, "registered", w.r.Stats().Descriptors, before.Descriptors+1)
	w.script(answer{err: syscall.EAGAIN})
	w.turn(func() { o.sends("a"); o.Close() })
	equal(t, "armed", o.closeBy.Pending(), true)
	o.event(poller.Writable)
	w.until(func() bool { return o.Fd() < 0 })
	w.turn()
	equal(t, "timers", w.r.Stats().Timers, before.Timers)
	equal(t, "descriptors", w.r.Stats().Descriptors, before.Descriptors)
}

// TestLostPanics: the descriptor is closed all the same.
func TestLostPanics(t *testing.T) {
	w := simple(t)
	o, far := w.pair()
	o.onLost = func() { panic("x") }
	o.Close()
	w.turn()
	wantTexts(t, "reports", w.faults, "connection_lost: x")
	equal(t, "descriptor", o.Fd(), -1)
	_, err := syscall.Write(far, []byte("x"))
	equal(t, "the far end", err != nil, true)
	w.turn()
	o.wants("lost")
}

// TestMadePanics: the endpoint goes on.
func TestMadePanics(t *testing.T) {
	w := simple(t)
	o, far := w.pair()
	w.turn(func() { o.Made(func() { panic("x") }) })
	wantTexts(t, "reports", w.faults, "connection_made: x")
	write(t, far, "a")
	w.until(func() bool { return len(o.got) > 0 })
}

// TestClosedBeforeStart: what ConnectionMade sends and closes is sent.
func TestClosedBeforeStart(t *testing.T) {
	w := simple(t)
	fds, err := sock.Pair(unixKind)
	must(t, err)
	defer syscall.Close(fds[1])
	remote, err := sock.Peer(fds[0])
	must(t, err)
	o := &owner{w: w}
	k := w.script(answer{err: syscall.EAGAIN})
	o.Init(w.sh, fds[0], Options{Kind: unixKind, Remote: remote, Connected: true, MaxSize: 10}, o)
	w.turn(func() { o.sends("a"); o.Close(); must(t, o.Start()) })
	w.until(func() bool { return o.Fd() < 0 })
	wantTexts(t, "sent", k.taken, "a")
	o.wants("lost")
}

// TestStartFails: the error is what Lost is told.
func TestStartFails(t *testing.T) {
	w := simple(t)
	o := &owner{w: w}
	o.Init(w.sh, 1<<20, Options{Kind: unixKind, MaxSize: 10}, o)
	w.turn(func() { equal(t, "fails", o.Start() != nil, true) })
	w.turn()
	o.wants("lost")
	equal(t, "errors", len(o.errs), 1)
}

// TestEndOnAClosedLoop: nobody is told, and the descriptor is closed once.
func TestEndOnAClosedLoop(t *testing.T) {
	for name, end := range map[string]func(*owner){
		"close": func(o *owner) { o.Close() }, "abort": func(o *owner) { o.Abort() }, "drop": func(o *owner) { o.Drop() },
	} {
		w := simple(t)
		closed := 0
		o, _ := w.pair()
		w.sh.system.close = func(fd int) { closed++; kernel.close(fd) }
		must(t, w.r.Close())
		end(o)
		equal(t, name, closed, 1)
		end(o)
		o.Drop()
		equal(t, name+" again", closed, 1)
		equal(t, "descriptor", o.Fd(), -1)
		o.wants()
	}
}
