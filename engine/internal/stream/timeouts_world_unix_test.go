//go:build unix

package stream

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
)

// ownTime is a poller whose clock stands still, but for the test.
type ownTime struct {
	poller.Poller
	now   int64
	asked int // how often
}

func (p *ownTime) Now() int64 {
	p.asked++
	return p.now
}

// Wait ends early where it would wait.
func (p *ownTime) Wait(int64, poller.Mode) ([]poller.Event, error) { return p.Poll() }

// timed is a world with a clock of its own.
type timed struct {
	*world
	clock *ownTime
}

// expiry is the error of the tests' limits.
type expiry struct {
	limit  string
	unsent int
}

func (e *expiry) Error() string { return fmt.Sprintf("%d unsent", e.unsent) }

// onTimed is onPollers with a clock.
func onTimed(t *testing.T, f func(t *testing.T, w timed)) {
	for name, makePoller := range map[string]func() (poller.Poller, error){"best": poller.New, "poll": poller.NewPoll} {
		t.Run(name, func(t *testing.T) {
			p, err := makePoller()
			must(t, err)
			f(t, newTimed(t, p))
		})
	}
}

func newTimed(t testing.TB, p poller.Poller, changes ...func(*Config)) timed {
	clock := &ownTime{Poller: p, now: int64(time.Hour)}
	w := timed{newWorld(t, clock, changes...), clock}
	w.sh.config.Expired = func(limit string, unsent int) error { return &expiry{limit, unsent} }
	return w
}

// lapse lets time go by, and the turns that act on it.
func (w timed) lapse(d time.Duration) {
	w.clock.now += int64(d)
	w.turns(3)
}

// limited is connect with timeouts.
func (w timed) limited(timeouts Timeouts) (*owner, *peer) {
	w.t.Helper()
	o, p := w.connect(smallPair)
	w.turn(func() { o.SetTimeouts(timeouts) })
	return o, p
}

// endedBy wants the end by a limit, which dropped what is missing.
func (o *owner) endedBy(limit string, p *peer) {
	o.w.t.Helper()
	var e *net.OpError
	var x *expiry
	counts := map[string]TimedOut{"idle": {Idle: 1}, "read": {Read: 1}, "write": {Write: 1}, "close": {Close: 1}}
	equal(o.w.t, "counted", o.w.sh.Stats().TimedOut, counts[limit])
	o.w.sh.stats.TimedOut = TimedOut{}
	if !o.over || !errors.As(o.err, &e) || e.Op != limit || !errors.As(o.err, &x) || x.limit != limit {
		o.w.t.Fatalf("over: %v by %v, want the limit %q", o.over, o.err, limit)
	}
	p.read()
	equal(o.w.t, "sent and dropped", p.in.n+x.unsent, o.out.n)
	equal(o.w.t, "timers", o.w.timers(), 0)
}

// lives wants no end yet.
func (o *owner) lives(when string) {
	o.w.t.Helper()
	if o.over || o.state >= lost {
		o.w.t.Fatalf("%s: ended by %v", when, o.Stream.err)
	}
}

// done ends a stream that a test has no more use for.
func (o *owner) done() {
	o.w.turn(o.Abort)
	o.w.turn()
	equal(o.w.t, "timers", o.w.timers(), 0)
	if errors.Is(o.err, os.ErrDeadlineExceeded) {
		o.w.t.Error(o.err)
	}
}

// timers are how many the wheel holds.
func (w *world) timers() int { return w.r.Stats().Timers }
