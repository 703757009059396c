package accept

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// world is a listener on a simulated descriptor, whose queue is a list of what
// accept answers: nil for a connection. It is its own owner.
type world struct {
	t       *testing.T
	reactor *reactor.Reactor
	poller  *simpoll.Poller
	fd      int
	queue   []error
	calls   int
	events  []string
	react   func() // in every event
	full    bool
	asked   int // for room
	unused  int
	starved int
	*Listener
}

func newWorld(t *testing.T, batch int, queue ...error) *world {
	t.Helper()
	w := &world{t: t, poller: simpoll.New(), queue: queue}
	r, err := reactor.New(reactor.Config{Poller: w.poller, Fault: func(f reactor.Fault) { t.Errorf("fault: %v", f) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	w.poller.Open() // so that the listener's descriptor is not 0
	w.reactor, w.fd = r, w.poller.Open()
	w.Listener = New(r, w.fd, sock.Inet, batch, w)
	w.system.accept = w.accept
	w.system.queued = func(int) bool { return len(w.queue) > 0 }
	w.poller.SetReady(w.fd, poller.Readable)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) accept(fd int) (int, sock.Addr, error) {
	if fd != w.fd {
		w.t.Errorf("accept of descriptor %d, want %d", fd, w.fd)
	}
	w.calls++
	if len(w.queue) == 0 {
		w.poller.ClearReady(w.fd, poller.Readable)
		return -1, sock.Addr{}, syscall.EAGAIN
	}
	err := w.queue[0]
	w.queue = w.queue[1:]
	return 100 + w.calls, sock.Addr{}, err
}

func (w *world) Room() bool {
	w.asked++
	return !w.full
}

func (w *world) Unused() { w.unused++ }

func (w *world) Starved() { w.starved++ }

func (w *world) Accepted(_, family int, _ sock.Addr) {
	if family != sock.Inet {
		w.t.Errorf("the family is %d", family)
	}
	w.tell("accepted")
}

func (w *world) Exhausted(err error) { w.tell("exhausted " + err.Error()) }

func (w *world) Failed(err error) { w.tell("failed " + err.Error()) }

func (w *world) Shed(err error) { w.tell("shed " + err.Error()) }

func (w *world) tell(event string) {
	w.events = append(w.events, event)
	if w.react != nil {
		w.react()
	}
}

// turns runs so many turns of the loop.
func (w *world) turns(n int) {
	w.t.Helper()
	for range n {
		w.reactor.Stop()
		if err := w.reactor.Run(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// want wants so many events and calls of accept since the last want.
func (w *world) want(calls int, events ...string) {
	w.t.Helper()
	if w.calls != calls || !slices.Equal(w.events, events) {
		w.t.Errorf("%d calls brought %q, want %d and %q", w.calls, w.events, calls, events)
	}
	w.calls, w.events = 0, nil
}

// watched reports whether the poller knows the descriptor.
func (w *world) watched() bool {
	_, ok := w.poller.Registered(w.fd)
	return ok
}

var (
	emfile = "exhausted " + syscall.EMFILE.Error()
	eperm  = "failed " + syscall.EPERM.Error()
)

func TestBatch(t *testing.T) {
	w := newWorld(t, 4, nil, nil, nil, nil, nil)
	w.turns(1)
	w.want(4, "accepted", "accepted", "accepted", "accepted")
	w.turns(1)
	w.want(2, "accepted")
}

func TestStopsEarly(t *testing.T) {
	for _, errno := range []error{syscall.EAGAIN, syscall.EINTR, syscall.ECONNABORTED} {
		w := newWorld(t, 4, nil, errno, nil)
		w.turns(1)
		w.want(2, "accepted")
		w.turns(1)
		w.want(2, "accepted")
	}
}

func TestExhausted(t *testing.T) {
	for _, errno := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		w := newWorld(t, 4, nil, errno, nil, nil)
		w.turns(10)
		w.want(2, "accepted", "exhausted "+errno.Error())
		if w.watched() || w.state == accepting {
			t.Error("the listener spins")
		}
		w.poller.Advance(RetryDelay - time.Nanosecond)
		w.turns(2)
		w.want(0)
		w.poller.Advance(time.Nanosecond)
		w.turns(2)
		w.want(3, "accepted", "accepted")
		if w.state != accepting {
			t.Error("the listener has not come back")
		}
	}
}

func TestExhaustedAgain(t *testing.T) {
	w := newWorld(t, 4, syscall.EMFILE, syscall.EMFILE, nil)
	for range 2 {
		w.turns(3)
		w.want(1, emfile)
		w.poller.Advance(RetryDelay)
	}
	w.turns(2)
	w.want(2, "accepted")
}

// TestStarved: that is told each time, also where Exhausted is not.
func TestStarved(t *testing.T) {
	w := newWorld(t, 4, syscall.EMFILE, syscall.EMFILE, syscall.EPERM)
	for range 3 {
		w.turns(3)
		w.Freed()
	}
	w.want(4, emfile, eperm)
	if w.starved != 2 {
		t.Errorf("told %d times, want 2", w.starved)
	}
}

// TestStopInPause: nothing is watched or tried afterwards.
func TestStopInPause(t *testing.T) {
	w := newWorld(t, 4, syscall.EMFILE, nil)
	w.turns(1)
	w.want(1, emfile)
	w.Stop()
	w.poller.Advance(2 * RetryDelay)
	w.turns(3)
	w.want(0)
	if w.watched() || w.timer.Pending() {
		t.Error("the listener is not idle")
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	w.turns(1)
	w.want(2, "accepted")
}

// TestStopByOwner: in an event.
func TestStopByOwner(t *testing.T) {
	for _, first := range []error{nil, syscall.EMFILE, syscall.EPERM} {
		w := newWorld(t, 4, first, nil)
		w.react = w.Stop
		w.turns(3)
		if len(w.events) != 1 || w.watched() || w.timer.Pending() {
			t.Errorf("after %v it happened %q", first, w.events)
		}
	}
}

func TestFailed(t *testing.T) {
	w := newWorld(t, 4, syscall.EPERM, nil, syscall.EPERM, nil)
	w.turns(1)
	w.want(1, eperm)
	w.turns(1)
	w.want(2, "accepted", eperm)
	w.turns(1)
	w.want(2, "accepted")
}

// TestFailsForever: an error that stays is no reason to spin.
func TestFailsForever(t *testing.T) {
	w := newWorld(t, 4, syscall.EPERM, syscall.EPERM, syscall.EPERM, syscall.EPERM, nil)
	w.turns(10)
	w.want(2, eperm, eperm)
	w.poller.Advance(RetryDelay)
	w.turns(10)
	w.want(1, eperm)
	w.poller.Advance(RetryDelay)
	w.turns(10)
	w.want(1, eperm)
	w.poller.Advance(RetryDelay)
	w.turns(2)
	w.want(2, "accepted")
}

func TestHold(t *testing.T) {
	w := newWorld(t, 4, nil, nil, nil)
	w.react = w.Hold
	w.turns(5)
	w.want(1, "accepted")
	if w.watched() || w.state == accepting {
		t.Error("it is not held")
	}
	w.react = nil
	w.Release()
	w.Release()
	w.turns(2)
	w.want(3, "accepted", "accepted")
}

// TestHoldInPause: whichever ends last brings the listener back.
func TestHoldInPause(t *testing.T) {
	for _, releaseFirst := range []bool{true, false} {
		w := newWorld(t, 4, syscall.EMFILE, nil)
		w.turns(1)
		w.Hold()
		if releaseFirst {
			w.Release()
		}
		w.poller.Advance(RetryDelay)
		w.turns(2)
		if (w.state == accepting) != releaseFirst {
			t.Errorf("accepting is %t", !releaseFirst)
		}
		w.Release()
		w.turns(2)
		w.want(3, emfile, "accepted")
	}
}

// TestPress: two reasons and a pause, whichever ends last brings the listener back.
func TestPress(t *testing.T) {
	ends := []func(*world){
		func(w *world) { w.Release() },
		func(w *world) { w.Ease() },
		func(w *world) { w.poller.Advance(RetryDelay) },
	}
	for last := range ends {
		w := newWorld(t, 4, syscall.EMFILE, nil)
		w.turns(1)
		w.Hold()
		w.Press()
		for i, end := range ends {
			if i != last {
				end(w)
				w.turns(2)
			}
		}
		if w.state == accepting || w.watched() {
			t.Errorf("accepts before the end of %d", last)
		}
		ends[last](w)
		w.turns(2)
		w.want(3, emfile, "accepted")
		w.Press()
		if w.state == accepting || w.watched() {
			t.Error("accepts under pressure")
		}
	}
}

// TestHoldBeforeStart: what ends before Start begins nothing, and what lasts is heeded.
func TestHoldBeforeStart(t *testing.T) {
	w := newWorld(t, 4, nil)
	w.Stop()
	w.Hold()
	w.Release()
	w.turns(2)
	w.want(0)
	w.Press()
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	w.turns(2)
	w.want(0)
	w.Ease()
	w.turns(1)
	w.want(2, "accepted")
}

// TestWatchFails: the poller refuses for a while.
func TestWatchFails(t *testing.T) {
	w := newWorld(t, 4, nil)
	w.Hold()
	refused := errors.New("refused")
	w.poller.Inject(simpoll.OpAdd, simpoll.Fault{Err: refused})
	w.Release()
	w.want(0, "failed refused")
	w.turns(3)
	w.poller.Advance(RetryDelay)
	w.turns(2)
	w.want(2, "accepted")
}

func TestStart(t *testing.T) {
	w := newWorld(t, 4)
	if err := w.Start(); err != nil || w.Fd() != w.fd {
		t.Errorf("a second Start: %v", err)
	}
	w.Stop()
	w.Stop()
	w.Hold()
	if err := w.Start(); err != nil || w.watched() {
		t.Errorf("held, Start: %v", err)
	}
	w.Release()
	if !w.watched() {
		t.Error("released, it is not watched")
	}
}

// TestStartFails: the listener is idle then, so that another Start may do better.
func TestStartFails(t *testing.T) {
	w := newWorld(t, 4, nil)
	w.Stop()
	refused := errors.New("refused")
	w.poller.Inject(simpoll.OpAdd, simpoll.Fault{Err: refused})
	if err := w.Start(); !errors.Is(err, refused) {
		t.Errorf("Start: %v", err)
	}
	if err := w.Start(); err != nil || !w.watched() {
		t.Errorf("the second Start: %v, watched: %t", err, w.watched())
	}
	w.turns(1)
	w.want(2, "accepted")
}

// TestFreed: a descriptor that the owner gives back ends the pause; what comes of
// that is not told again before its time.
func TestFreed(t *testing.T) {
	w := newWorld(t, 4, syscall.EMFILE, syscall.EMFILE, nil)
	w.turns(2)
	w.want(1, emfile)
	w.poller.Advance(RetryDelay - time.Nanosecond)
	w.Freed()
	w.turns(2)
	w.want(1)
	w.Freed()
	w.turns(2)
	w.want(2, "accepted")
	w.Freed() // nothing to end
	w.queue = []error{syscall.EMFILE}
	w.poller.Advance(RetryDelay)
	w.poller.SetReady(w.fd, poller.Readable)
	w.turns(2)
	w.want(1, emfile)
}

// TestNoRoom: without room nothing is accepted, and room that is not used is given
// back.
func TestNoRoom(t *testing.T) {
	w := newWorld(t, 4, nil, nil)
	w.full = true
	w.turns(2)
	w.want(0)
	if w.asked != 2 {
		t.Errorf("asked for room %d times in 2 turns", w.asked)
	}
	w.full = false
	w.turns(2)
	w.want(3, "accepted", "accepted")
	if w.unused != 1 {
		t.Errorf("%d rooms were given back, want that of the empty queue", w.unused)
	}
}
