package reactor

import (
	"errors"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

var errPoller = errors.New("poller broke")

// TestPollerFails: a failure of the poller, awake or asleep, ends the run with
// that error after its turn, loses nothing, and the next run tries again.
func TestPollerFails(t *testing.T) {
	for name, c := range map[string]struct {
		op   simpoll.Op
		busy bool
	}{"poll": {simpoll.OpPoll, true}, "wait": {simpoll.OpWait, false}} {
		t.Run(name, func(t *testing.T) {
			r, p := newSim(t, Config{})
			fd := p.Open()
			p.Inject(c.op, simpoll.Fault{Err: errPoller})
			ran := 0
			if c.busy {
				soon(t, r, func() { ran++ })
			}
			must(t, r.Schedule(timer(func() { ran++; r.Stop() }), p.Now()+int64(time.Second)))
			expect(t, "Run", r.Run(), errPoller)
			if r.Running() || r.Stats().Turns != 1 {
				t.Errorf("running %t after %d turns", r.Running(), r.Stats().Turns)
			}
			must(t, r.Post(func(any) { ran++ }, nil))
			must(t, r.AddReader(fd, func(any) { ran++; r.RemoveReader(fd) }, nil))
			p.SetReady(fd, poller.Readable)
			must(t, r.Run())
			if want := map[bool]int{true: 4, false: 3}[c.busy]; ran != want {
				t.Errorf("%d callbacks ran, want %d", ran, want)
			}
		})
	}
}

// TestPollerFailedOnce: a failure that was returned is not returned again, by a
// run that makes do without a poll.
func TestPollerFailedOnce(t *testing.T) {
	r, p := newSim(t, Config{PollEvery: 10})
	p.Inject(simpoll.OpWait, simpoll.Fault{Err: errPoller})
	expect(t, "Run", r.Run(), errPoller)
	turns(t, r, 3, func(int) {})
}

// TestPollerFailsAmidPanics: the turn of a failed poll is finished, whatever
// its callbacks do.
func TestPollerFailsAmidPanics(t *testing.T) {
	faults := 0
	r, p := newSim(t, Config{Fault: func(Fault) { faults++ }})
	p.Inject(simpoll.OpPoll, simpoll.Fault{Err: errPoller})
	var log []string
	soon(t, r, panicHere)
	soon(t, r, func() { log = append(log, "ready") })
	must(t, r.Schedule(timer(panicHere), 0))
	must(t, r.Schedule(timer(func() { log = append(log, "due") }), 0))
	r.AtTurnEnd(flushFunc(panicHere))
	r.AtTurnEnd(flushFunc(func() { log = append(log, "flush") }))
	expect(t, "Run", r.Run(), errPoller)
	if len(log) != 3 || faults != 3 || r.Stats().Turns != 1 {
		t.Errorf("ran %v with %d faults in %d turns", log, faults, r.Stats().Turns)
	}
}

// TestFlushBeforeReturn: a panic in the flush before a run returns neither
// loses the others nor begins another turn.
func TestFlushBeforeReturn(t *testing.T) {
	faults, flushed := 0, 0
	r, _ := newSim(t, Config{Fault: func(Fault) { faults++ }})
	late := func() {
		for range 2 {
			r.AtTurnEnd(flushFunc(panicHere))
			r.AtTurnEnd(flushFunc(func() { flushed++ }))
		}
		soon(t, r, func() { t.Error("a callback for the next run ran") })
	}
	within(t, r, func() { r.AtTurnEnd(flushFunc(late)) })
	if s := r.Stats(); faults != 2 || flushed != 2 || s.Turns != 1 {
		t.Errorf("%d faults, %d flushed, %d turns; want 2, 2, 1", faults, flushed, s.Turns)
	}
}

// TestEarlyWait: returns from Wait without a reason, as a signal causes them,
// change nothing but the count.
func TestEarlyWait(t *testing.T) {
	r, p := newSim(t, Config{})
	deadline := p.Now() + int64(time.Second)
	for range 5 {
		p.Inject(simpoll.OpWait, simpoll.Fault{Early: true, Elapse: time.Millisecond})
	}
	ran := int64(0)
	must(t, r.Schedule(timer(func() { ran = p.Now(); r.Stop() }), deadline))
	must(t, r.Run())
	if s := r.Stats(); ran != deadline || s.Wakeups != 6 || s.Lateness[0] != 1 {
		t.Errorf("ran at %d, want %d; %d wake-ups, lateness %v", ran, deadline, s.Wakeups, s.Lateness)
	}
}

// TestEarlyWaitKeepsWake: a wake-up that comes with an early return is not lost.
func TestEarlyWaitKeepsWake(t *testing.T) {
	r, p := newSim(t, Config{})
	ran := false
	p.Inject(simpoll.OpWait, simpoll.Fault{Early: true, Do: func() {
		must(t, r.Post(func(any) { ran = true }, nil))
		r.Stop()
	}})
	must(t, r.Run())
	if !ran {
		t.Error("the post did not run in the turn it woke")
	}
}

// TestSpuriousEvents: events that announce nothing reach their handler, and
// several for one token in a batch reach it in order.
func TestSpuriousEvents(t *testing.T) {
	r, p := newSim(t, Config{})
	var got []poller.Ready
	token, err := r.Attach(p.Open(), handlerFunc(func(_ *poller.Event, ready poller.Ready) {
		got = append(got, ready)
	}), poller.In|poller.Out|poller.Edge)
	must(t, err)
	p.Inject(simpoll.OpPoll, simpoll.Fault{Events: []poller.Event{
		{Token: token, Ready: poller.Readable},
		{Token: token},
		{Token: token, Ready: poller.Writable},
	}})
	within(t, r, func() {})
	if len(got) != 2 || got[0] != poller.Readable || got[1] != poller.Writable {
		t.Errorf("called with %b", got)
	}
}

// TestManyReady: one turn serves thousands of descriptors, more than one poll
// returns at first, and nobody waits for ever.
func TestManyReady(t *testing.T) {
	const n = 3000
	r, p := newSim(t, Config{})
	left := n
	for range n {
		fd := p.Open()
		p.SetReady(fd, poller.Readable)
		must(t, r.AddReader(fd, func(any) {
			r.RemoveReader(fd)
			if left--; left == 0 {
				r.Stop()
			}
		}, nil))
	}
	must(t, r.Run())
	if s := r.Stats(); s.Turns > 8 || s.Events != n {
		t.Errorf("%d descriptors took %d turns and %d events", n, s.Turns, s.Events)
	}
}

// TestPollEveryBounds: with callbacks that keep each other busy, one turn of
// every so many polls; without PollEvery every turn does.
func TestPollEveryBounds(t *testing.T) {
	for every, want := range map[int]int{-1: 60, 0: 60, 1: 60, 2: 30, 4: 15, 60: 1} {
		r, p := newSim(t, Config{PollEvery: every})
		turns(t, r, 60, func(int) {})
		if got := p.Calls(simpoll.OpPoll); got != want {
			t.Errorf("PollEvery %d: %d polls in 60 turns, want %d", every, got, want)
		}
	}
}

// TestPollEveryReadsNoClock: a turn without a poll reads no clock, and runs no
// timer.
func TestPollEveryReadsNoClock(t *testing.T) {
	c := &clockCounter{Poller: simpoll.New()}
	r, _ := newSim(t, Config{Poller: c, PollEvery: 10})
	must(t, r.Schedule(timer(func() {}), 1e15))
	reads := make([]int, 0, 9)
	turns(t, r, 9, func(int) { reads = append(reads, c.reads) })
	for i := 2; i < len(reads); i++ {
		if reads[i] != reads[1] {
			t.Fatalf("the clock was read %v times by each turn", reads)
		}
	}
}

// clockCounter counts readings of the clock.
type clockCounter struct {
	*simpoll.Poller
	reads int
}

func (c *clockCounter) Now() int64 {
	c.reads++
	return c.Poller.Now()
}

// TestClockReads: without timers a busy turn reads no clock, with one it reads
// it once.
func TestClockReads(t *testing.T) {
	for want, timers := range []int{0, 1} {
		c := &clockCounter{Poller: simpoll.New()}
		r, _ := newSim(t, Config{Poller: c})
		for range timers {
			must(t, r.Schedule(timer(func() {}), 1e15))
		}
		c.reads = 0
		turns(t, r, 20, func(int) {})
		if c.reads != 20*want {
			t.Errorf("%d timers: %d readings in 20 turns, want %d", timers, c.reads, 20*want)
		}
	}
}

// TestBeforePoll: the hook comes before each poll, and what it schedules runs
// behind that, without a wait.
func TestBeforePoll(t *testing.T) {
	var r *Reactor
	var log []string
	hooks := 0
	r, p := newSim(t, Config{BeforePoll: func() {
		hooks++
		if hooks == 2 {
			soon(t, r, func() { log = append(log, "scheduled"); r.Stop() })
		}
	}})
	run(t, r, func() { log = append(log, "first") })
	if len(log) != 2 || log[1] != "scheduled" || hooks != 2 {
		t.Errorf("%v after %d hooks", log, hooks)
	}
	if n := p.Calls(simpoll.OpPoll); n != hooks || p.Calls(simpoll.OpWait) != 0 {
		t.Errorf("%d polls for %d hooks, %d waits", n, hooks, p.Calls(simpoll.OpWait))
	}
}
