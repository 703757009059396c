package reactor

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// timerModel is a sorted list of armed timers and a list of due ones.
type timerModel struct {
	seq        int
	armed, due []timerEntry
}

type timerEntry struct {
	t    *Timer
	when int64
	seq  int
}

func (m *timerModel) is(t *Timer) func(timerEntry) bool {
	return func(e timerEntry) bool { return e.t == t }
}

func (m *timerModel) cancel(t *Timer) bool {
	n := len(m.armed) + len(m.due)
	m.armed = slices.DeleteFunc(m.armed, m.is(t))
	m.due = slices.DeleteFunc(m.due, m.is(t))
	return len(m.armed)+len(m.due) < n
}

func (m *timerModel) schedule(t *Timer, when int64) {
	m.cancel(t)
	m.seq++
	m.armed = append(m.armed, timerEntry{t, when, m.seq})
}

func (m *timerModel) gather(limit int64) {
	slices.SortFunc(m.armed, func(a, b timerEntry) int {
		if a.when != b.when {
			return int(min(max(a.when-b.when, -1), 1))
		}
		return a.seq - b.seq
	})
	for len(m.armed) > 0 && m.armed[0].when < limit {
		m.due = append(m.due, m.armed[0])
		m.armed = m.armed[1:]
	}
}

func (m *timerModel) pop() *Timer {
	if len(m.due) == 0 {
		return nil
	}
	t := m.due[0].t
	m.due = m.due[1:]
	return t
}

// TestTimersAgainstModel arms, moves and cancels at random, also between two
// timers of one due list, and compares every answer.
func TestTimersAgainstModel(t *testing.T) {
	rng := newRand(t)
	var ts timers
	var m timerModel
	pool := make([]Timer, 40)
	now := int64(1000)
	touch := func() {
		k := &pool[rng.IntN(len(pool))]
		if rng.IntN(3) == 0 {
			if got, want := ts.cancel(k), m.cancel(k); got != want {
				t.Fatalf("cancel is %t, want %t", got, want)
			}
			return
		}
		when := now + rng.Int64N(60) - 20
		ts.schedule(k, when)
		m.schedule(k, when)
		if k.When() != when || !k.Pending() {
			t.Fatalf("a timer for %d says %d, pending %t", when, k.When(), k.Pending())
		}
	}
	for range 20_000 {
		for range rng.IntN(8) {
			touch()
		}
		now += rng.Int64N(12)
		ts.gather(now)
		m.gather(now)
		for {
			got, want := ts.pop(), m.pop()
			if got != want {
				t.Fatal("another timer ran than should have")
			}
			if got == nil {
				break
			}
			if got.Pending() {
				t.Fatal("a timer that runs is pending")
			}
			for range rng.IntN(3) {
				touch()
			}
		}
		if ts.live() != (len(m.armed) > 0) {
			t.Fatalf("live is %t with %d timers", ts.live(), len(m.armed))
		}
	}
}

// TestTimerDue: a timer runs at its deadline and not a nanosecond before, and
// the loop sleeps until then.
func TestTimerDue(t *testing.T) {
	r, p := newSim(t, Config{})
	began := p.Now()
	var at []int64
	note := func() { at = append(at, p.Now()-began) }
	last := timer(func() { note(); r.Stop() })
	must(t, r.Schedule(timer(note), began+int64(time.Hour)))
	must(t, r.Schedule(last, began+int64(1e4*time.Hour)))
	must(t, r.Schedule(timer(note), began+1))
	must(t, r.Run())
	if want := []int64{1, int64(time.Hour), int64(1e4 * time.Hour)}; !slices.Equal(at, want) {
		t.Errorf("timers ran at %v, want %v", at, want)
	}
	if n := p.Calls(simpoll.OpWait); n != 3 {
		t.Errorf("%d sleeps for 3 timers", n)
	}
}

// TestTimerResolution: what is due when the clock is read runs in that turn.
func TestTimerResolution(t *testing.T) {
	for _, c := range []struct {
		ahead int64
		runs  bool
	}{{0, true}, {1, false}, {-1, true}, {math.MaxInt64 / 2, false}} {
		r, p := newSim(t, Config{})
		ran := false
		must(t, r.Schedule(timer(func() { ran = true }), p.Now()+c.ahead))
		within(t, r, func() {})
		if ran != c.runs {
			t.Errorf("deadline %d ns after the clock: ran is %t", c.ahead, ran)
		}
	}
}

// TestTimerDueNow: with a timer due already the loop does not go to sleep.
func TestTimerDueNow(t *testing.T) {
	for _, ago := range []int64{0, 1} {
		r, p := newSim(t, Config{})
		must(t, r.Schedule(timer(r.Stop), p.Now()-ago))
		must(t, r.Run())
		if n := p.Calls(simpoll.OpWait); n != 0 {
			t.Errorf("%d sleeps with a timer due %d ns ago", n, ago)
		}
	}
}

// TestTimerClockAfterPoll: step 3 reads the clock behind the poll, so that a
// deadline that passes during a poll is met in the same turn. The first case
// polls because a callback waits, the others because there is mail, or because
// a deadline has passed already.
func TestTimerClockAfterPoll(t *testing.T) {
	for name, prepare := range map[string]func(*Reactor, *simpoll.Poller){
		"ready": func(r *Reactor, _ *simpoll.Poller) { must(t, r.Soon(nop, nil)) },
		"mail":  func(r *Reactor, _ *simpoll.Poller) { must(t, r.Post(nop, nil)) },
		"due": func(r *Reactor, p *simpoll.Poller) {
			must(t, r.Schedule(timer(func() {}), p.Now()-1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := newSim(t, Config{})
			late := timer(func() {})
			must(t, r.Schedule(late, p.Now()+int64(time.Millisecond)))
			p.Inject(simpoll.OpPoll, simpoll.Fault{Elapse: 2 * time.Millisecond, Do: r.Stop})
			prepare(r, p)
			must(t, r.Run())
			if late.Pending() {
				t.Error("the timer did not run in the turn whose poll passed its deadline")
			}
		})
	}
}

// TestTimerEnds: no timer has to run after Close, and none can be armed.
func TestTimerEnds(t *testing.T) {
	r, p := newSim(t, Config{})
	a, b := timer(func() { t.Error("ran") }), timer(func() {})
	must(t, r.Schedule(a, p.Now()+1))
	must(t, r.Close())
	if a.Pending() || r.Cancel(a) || r.Cancel(b) {
		t.Error("a timer is pending after Close")
	}
	if err := r.Schedule(a, 0); !errors.Is(err, ErrClosed) || a.Pending() {
		t.Errorf("Schedule: %v, pending %t", err, a.Pending())
	}
}

// TestTimerSpin: the loop asks to be woken early by the spin and polls the rest
// of the way; the timer runs at its deadline, in one turn.
func TestTimerSpin(t *testing.T) {
	const spin, step = 100 * time.Microsecond, 10 * time.Microsecond
	r, p := newSim(t, Config{TimerSpin: spin})
	deadline := p.Now() + int64(time.Second)
	for range spin / step {
		p.Inject(simpoll.OpPoll, simpoll.Fault{Elapse: step})
	}
	must(t, r.Schedule(timer(r.Stop), deadline))
	must(t, r.Run())
	s := r.Stats()
	if p.Now() != deadline || s.Turns != 1 || s.Lateness[0] != 1 {
		t.Errorf("%v after the deadline, %d turns, lateness %v", time.Duration(p.Now()-deadline), s.Turns, s.Lateness)
	}
	if w, n := p.Calls(simpoll.OpWait), p.Calls(simpoll.OpPoll); w != 1 || n != int(spin/step) {
		t.Errorf("%d waits and %d polls, want 1 and %d", w, n, spin/step)
	}
}

// TestTimerSpinWithoutTimers: a loop without timers has nothing to be early for.
func TestTimerSpinWithoutTimers(t *testing.T) {
	f := newFlaky(false)
	r, _ := newSim(t, Config{Poller: f, TimerSpin: time.Millisecond})
	f.next = simpoll.Fault{Do: r.Stop}
	must(t, r.Run())
	if want := []int64{poller.NoDeadline}; !slices.Equal(f.until, want) {
		t.Errorf("waited until %v, want %v", f.until, want)
	}
}

// TestTimerSpinInterrupted: whatever happens during the spin is served at once,
// before the deadline.
func TestTimerSpinInterrupted(t *testing.T) {
	const step = 10 * time.Microsecond
	for name, happen := range map[string]func(r *Reactor, fill func()){
		"post":  func(r *Reactor, _ func()) { must(t, r.Post(invoke, r.Stop)) },
		"stop":  func(r *Reactor, _ func()) { r.Stop() },
		"event": func(_ *Reactor, fill func()) { fill() },
	} {
		t.Run(name, func(t *testing.T) {
			r, p := newSim(t, Config{TimerSpin: time.Millisecond})
			fd := p.Open()
			must(t, r.AddReader(fd, invoke, r.Stop))
			p.Inject(simpoll.OpPoll, simpoll.Fault{Elapse: step}, simpoll.Fault{Elapse: step, Do: func() {
				happen(r, func() { p.SetReady(fd, 1) })
			}})
			late := timer(func() { t.Error("the timer ran early") })
			must(t, r.Schedule(late, p.Now()+int64(time.Second)))
			must(t, r.Run())
			if n := p.Calls(simpoll.OpPoll); n != 2 || !late.Pending() {
				t.Errorf("%d polls, pending %t", n, late.Pending())
			}
		})
	}
}

// TestTimerSpinFails: a failure of the poller ends the spin, and the run.
func TestTimerSpinFails(t *testing.T) {
	r, p := newSim(t, Config{TimerSpin: time.Millisecond})
	p.Inject(simpoll.OpPoll, simpoll.Fault{Err: errPoller}, simpoll.Fault{Elapse: time.Second})
	must(t, r.Schedule(timer(r.Stop), p.Now()+int64(time.Second)))
	expect(t, "Run", r.Run(), errPoller)
}

// TestTimersKeepNothing: a timer that was cancelled or has run is not kept
// alive.
func TestTimersKeepNothing(t *testing.T) {
	r, p := newSim(t, Config{})
	for range 10 {
		k := timer(func() {})
		must(t, r.Schedule(timer(func() {}), p.Now()))
		must(t, r.Schedule(k, p.Now()+int64(time.Hour)))
		r.Cancel(k)
	}
	within(t, r, func() {})
	due := r.timers.due[:cap(r.timers.due)]
	for _, k := range slices.Concat(r.timers.byID, due) {
		if k != nil {
			t.Fatal("a timer is kept")
		}
	}
}

// TestTimersOfDead: a timer that was due when the loop died does not wait for
// ever.
func TestTimersOfDead(t *testing.T) {
	r, p := newSim(t, Config{})
	late := timer(func() { t.Error("ran") })
	must(t, r.Schedule(timer(runtime.Goexit), p.Now()))
	must(t, r.Schedule(late, p.Now()))
	ends(t, r)
	if must(t, r.Close()); late.Pending() {
		t.Error("pending on a closed loop")
	}
}
