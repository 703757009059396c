package reactor

import (
	"errors"
	"slices"
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// turns runs the loop for n turns, each with a callback.
func turns(t testing.TB, r *Reactor, n int, each func(i int)) {
	t.Helper()
	i := 0
	var next func()
	next = func() {
		each(i)
		if i++; i == n {
			r.Stop()
			return
		}
		soon(t, r, next)
	}
	run(t, r, next)
}

// TestAgain: the loop does not wait with someone over budget, and gives the
// handler the bits that it asked for.
func TestAgain(t *testing.T) {
	r, p := newSim(t, Config{})
	var token poller.Token
	var got []poller.Ready
	fd := p.Open()
	token, err := r.Attach(fd, handlerFunc(func(_ *poller.Event, ready poller.Ready) {
		got = append(got, ready)
		switch len(got) {
		case 1:
			r.Again(token, poller.Readable|poller.PeerClosed)
		case 2:
			r.Again(token, poller.Writable)
		default:
			r.Stop()
		}
	}), poller.In|poller.Edge)
	must(t, err)
	p.SetReady(fd, poller.Readable)
	must(t, r.Run())
	want := []poller.Ready{poller.Readable, poller.Readable | poller.PeerClosed, poller.Writable}
	if !slices.Equal(got, want) || p.Calls(simpoll.OpWait) != 1 {
		t.Errorf("called with %b in %d waits, want %b in 1", got, p.Calls(simpoll.OpWait), want)
	}
}

// staleWorld is a reactor whose poller reports a registration that is gone: a
// watched descriptor was closed while a duplicate of it lives on.
type staleWorld struct {
	r      *Reactor
	p      *simpoll.Poller
	faults []error
	dup    int
	alive  int // events of another descriptor, which is watched well
}

func newStaleWorld(t *testing.T) *staleWorld {
	w := &staleWorld{}
	w.r, w.p = newSim(t, Config{Fault: func(f Fault) { w.faults = append(w.faults, f.Err) }})
	good := w.p.Open()
	must(t, w.r.AddReader(good, func(any) { w.alive++ }, nil))
	w.p.SetReady(good, poller.Readable)
	w.duplicate(t)
	return w
}

func (w *staleWorld) duplicate(t *testing.T) {
	fd := w.p.Open()
	must(t, w.r.AddReader(fd, nop, nil))
	w.p.SetReady(fd, poller.Readable)
	w.dup = w.p.Dup(fd)
	w.p.CloseFD(fd)
	w.r.RemoveReader(fd)
}

// TestStaleRebuild: after staleLimit polls the poller's set is made anew, which
// is reported once; all other registrations go on.
func TestStaleRebuild(t *testing.T) {
	w := newStaleWorld(t)
	turns(t, w.r, staleLimit-1, func(int) {})
	if len(w.faults) != 0 || w.p.Calls(simpoll.OpRebuild) != 0 {
		t.Errorf("rebuilt before %d polls: %v", staleLimit, w.faults)
	}
	turns(t, w.r, 1, func(int) {})
	turns(t, w.r, 3*staleLimit, func(int) {})
	if len(w.faults) != 1 || !errors.Is(w.faults[0], ErrStaleDescriptor) || w.p.Calls(simpoll.OpRebuild) != 1 {
		t.Errorf("%d rebuilds, faults %v", w.p.Calls(simpoll.OpRebuild), w.faults)
	}
	if s := w.r.Stats(); s.Stale != staleLimit || w.alive != 4*staleLimit {
		t.Errorf("%d stale events, %d live ones in %d turns", s.Stale, w.alive, 4*staleLimit)
	}
	w.duplicate(t)
	turns(t, w.r, 2*staleLimit, func(int) {})
	if len(w.faults) != 2 {
		t.Errorf("a second one: faults %v", w.faults)
	}
}

// TestStaleInterrupted: polls without a stale token begin the count anew.
func TestStaleInterrupted(t *testing.T) {
	w := newStaleWorld(t)
	turns(t, w.r, 3*staleLimit, func(i int) {
		if i%(staleLimit-1) == 0 {
			w.p.Inject(simpoll.OpPoll, simpoll.Fault{Early: true})
		}
	})
	if len(w.faults) != 0 {
		t.Errorf("faults %v", w.faults)
	}
}

// TestStaleByLoop: events that are stale because a callback of their own turn
// ended the registration are no sign of a duplicate, in however many turns.
func TestStaleByLoop(t *testing.T) {
	r, p := newSim(t, Config{})
	killer, fds := p.Open(), [2]int{p.Open(), p.Open()}
	var tokens [2]poller.Token
	turn := 0
	must(t, r.AddReader(killer, func(any) { must(t, r.Detach(tokens[(turn+1)%2])) }, nil))
	for _, fd := range append(fds[:], killer) {
		p.SetReady(fd, poller.Readable)
	}
	turns(t, r, 3*staleLimit, func(i int) {
		turn = i
		token, err := r.Attach(fds[i%2], handlerFunc(func(*poller.Event, poller.Ready) {
			t.Error("a detached descriptor was served")
		}), poller.In)
		must(t, err)
		tokens[i%2] = token
	})
	if s := r.Stats(); s.Stale < 2*staleLimit || p.Calls(simpoll.OpRebuild) != 0 {
		t.Errorf("%d stale events, %d rebuilds", s.Stale, p.Calls(simpoll.OpRebuild))
	}
}

// TestStaleRebuildFails: a failed rebuild is reported as it is, and tried again.
func TestStaleRebuildFails(t *testing.T) {
	w := newStaleWorld(t)
	failure := errors.New("no memory")
	w.p.Inject(simpoll.OpRebuild, simpoll.Fault{Err: failure})
	turns(t, w.r, 2*staleLimit, func(int) {})
	if want := []error{failure, ErrStaleDescriptor}; !slices.Equal(w.faults, want) {
		t.Errorf("faults %v, want %v", w.faults, want)
	}
	if n := w.r.Stats().Stale; n != 2*staleLimit {
		t.Errorf("tried again after %d stale events, want %d", n-staleLimit, staleLimit)
	}
}

// TestStaleTwice: polls count, and not events: with two duplicates the poller
// is rebuilt no sooner, and once.
func TestStaleTwice(t *testing.T) {
	w := newStaleWorld(t)
	w.duplicate(t)
	turns(t, w.r, staleLimit-1, func(int) {})
	if len(w.faults) != 0 {
		t.Errorf("faults %v before %d polls", w.faults, staleLimit)
	}
	turns(t, w.r, 2*staleLimit, func(int) {})
	if len(w.faults) != 1 || w.p.Calls(simpoll.OpRebuild) != 1 {
		t.Errorf("faults %v, %d rebuilds", w.faults, w.p.Calls(simpoll.OpRebuild))
	}
}

// TestAtTurnEndBeforeRun: asked for between runs, a flush does not wait either.
func TestAtTurnEndBeforeRun(t *testing.T) {
	r, p := newSim(t, Config{})
	r.AtTurnEnd(flushFunc(r.Stop))
	must(t, r.Run())
	if p.Calls(simpoll.OpWait) != 0 {
		t.Error("the loop slept with a flush outstanding")
	}
}

func TestInTurnWhileThereIsAStep8ToCome(t *testing.T) {
	r, _ := newSim(t, Config{Fault: func(Fault) {}})
	var seen []bool
	look := func() { seen = append(seen, r.InTurn()) }
	look()
	within(t, r, func() {
		look()
		r.AtTurnEnd(flushFunc(look))
		panic("in between")
	})
	look()
	if want := []bool{false, true, true, false}; !slices.Equal(seen, want) {
		t.Errorf("in a turn: %v, want %v", seen, want)
	}
}

func TestPollsCountsTheTurnsThatPoll(t *testing.T) {
	r, _ := newSim(t, Config{})
	within(t, r, func() {})
	before := r.Polls()
	within(t, r, func() {})
	if n := r.Polls() - before; n != 1 {
		t.Errorf("%d polls in a turn", n)
	}
}

// TestTurnTime stands still in a turn, whether timers made the turn read the clock
// or a call did, and is the present time outside of one.
func TestTurnTime(t *testing.T) {
	for _, timers := range []bool{false, true} {
		for _, pollEvery := range []int{0, 2} {
			r, p := newSim(t, Config{PollEvery: pollEvery})
			if timers {
				must(t, r.Schedule(timer(func() {}), p.Now()+1<<40))
			}
			turns(t, r, 4, func(i int) {
				before := p.Calls(simpoll.OpPoll)
				first := r.TurnTime()
				p.Advance(5)
				if again := r.TurnTime(); again != first {
					t.Errorf("turn %d: %d, then %d", i, first, again)
				}
				if pollEvery == 0 && first != p.Now()-5 || first > p.Now() {
					t.Errorf("turn %d after %d polls began at %d, and it is %d", i, before, first, p.Now())
				}
			})
			p.Advance(5)
			if now := r.TurnTime(); now != p.Now() {
				t.Errorf("between runs: %d at %d", now, p.Now())
			}
			run(t, r, func() {
				if now := r.TurnTime(); now != p.Now() {
					t.Errorf("in the next run: %d at %d", now, p.Now())
				}
				r.Stop()
			})
		}
	}
}

// TestTurnTimeIsOfThePoll where there are timers, however long callbacks took.
func TestTurnTimeIsOfThePoll(t *testing.T) {
	r, p := newSim(t, Config{})
	must(t, r.Schedule(timer(func() {}), p.Now()+1<<40))
	began := p.Now()
	run(t, r, func() { p.Advance(5) }, func() {
		if got := r.TurnTime(); got != began {
			t.Errorf("%d, want %d", got, began)
		}
		r.Stop()
	})
}
