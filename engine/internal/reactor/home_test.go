package reactor

import (
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// expect fails the test unless err is want.
func expect(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestLife: each call in each state of a reactor.
func TestLife(t *testing.T) {
	for _, c := range []struct {
		name  string
		reach func(t *testing.T, r *Reactor)
		run   error
	}{
		{"new", func(*testing.T, *Reactor) {}, nil},
		{"after a run", func(t *testing.T, r *Reactor) { within(t, r, func() {}) }, nil},
		{"closed new", func(t *testing.T, r *Reactor) { must(t, r.Close()) }, ErrClosed},
		{"closed after a run", func(t *testing.T, r *Reactor) { within(t, r, func() {}); must(t, r.Close()) }, ErrClosed},
		{"dead", func(t *testing.T, r *Reactor) { die(t, r) }, ErrDied},
		{"dead and closed", func(t *testing.T, r *Reactor) { die(t, r); must(t, r.Close()) }, ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := newSim(t, Config{})
			c.reach(t, r)
			r.Stop() // so that a run that may begin ends
			expect(t, "Run", r.Run(), c.run)
			if c.run != nil {
				_, err := r.Start()
				expect(t, "Start", err, c.run)
			}
			expect(t, "Soon", r.Soon(nop, nil), c.run)
			expect(t, "Post", r.Post(nop, nil), c.run)
			expect(t, "Schedule", r.Schedule(timer(func() {}), 0), c.run)
			r.Cancel(timer(func() {}))
			if r.Running() || r.OnLoop() {
				t.Errorf("running %t, on the loop %t", r.Running(), r.OnLoop())
			}
			r.Stop()
			_ = r.Stats()
			if r.Now() == 0 {
				t.Error("no time")
			}
			must(t, r.Close())
			must(t, r.Close())
			r.Stop()
		})
	}
}

// TestWhileRunning: what a running reactor refuses, on the loop and elsewhere,
// and that it goes on.
func TestWhileRunning(t *testing.T) {
	r, _ := newSim(t, Config{})
	refuses := func() {
		expect(t, "Run", r.Run(), ErrRunning)
		_, err := r.Start()
		expect(t, "Start", err, ErrRunning)
		expect(t, "Close", r.Close(), ErrRunning)
		if !r.Running() {
			t.Error("not running in a run")
		}
	}
	after := false
	run(t, r, refuses, func() { elsewhere(2, refuses) }, func() { after = true; r.Stop() })
	if !after || r.Running() {
		t.Errorf("went on: %t, running afterwards: %t", after, r.Running())
	}
}

// TestStop: a Stop before, in, or behind a run; left-overs run in the next.
func TestStop(t *testing.T) {
	r, p := newSim(t, Config{})
	ran := 0
	count := func() { ran++ }
	r.Stop()
	r.Stop()
	run(t, r, count)
	run(t, r, func() {
		r.Stop()
		r.Stop()
		soon(t, r, count)
		must(t, r.Post(invoke, count))
		must(t, r.Schedule(timer(count), r.Now()))
	}, count)
	if ran != 2 {
		t.Errorf("%d callbacks ran in the stopped turns, want 2", ran)
	}
	sleeps := whenAsleep(p)
	done := start(r)
	<-sleeps
	r.Stop()
	must(t, <-done)
	if ran != 5 || p.Calls(simpoll.OpWake) != 1 {
		t.Errorf("%d callbacks in all, want 5; %d wake-ups", ran, p.Calls(simpoll.OpWake))
	}
}

// TestStopElsewhere: a Stop from another goroutine ends the sleep on the real
// pollers too, whenever it comes.
func TestStopElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, r *Reactor) {
		for range 200 {
			done := start(r)
			r.Stop()
			must(t, <-done)
		}
	})
}

// TestRunsInTurn: runs follow each other from different goroutines, all on one
// loop goroutine, and no two callbacks overlap.
func TestRunsInTurn(t *testing.T) {
	r, _ := newSim(t, Config{})
	var home uintptr
	inside := 0
	for range 50 {
		elsewhere(1, func() {
			within(t, r, func() {
				inside++
				if self := r.home.self.Load(); home == 0 {
					home = self
				} else if home != self {
					t.Error("the loop moved to another goroutine")
				}
			})
		})
	}
	if inside != 50 {
		t.Errorf("%d of 50 runs", inside)
	}
}

// TestRunsCompete: of runs that compete one wins at a time, the others are
// refused. They are stopped from outside until all are through, because a Stop
// ends whichever run is under way.
func TestRunsCompete(t *testing.T) {
	r, _ := newSim(t, Config{})
	var wins atomic.Int64
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-over:
				return
			default:
				r.Stop()
				runtime.Gosched()
			}
		}
	}()
	elsewhere(4, func() {
		for range 100 {
			if err := r.Run(); err == nil {
				wins.Add(1)
			} else {
				expect(t, "Run", err, ErrRunning)
			}
		}
	})
	close(over)
	<-stopped
	if wins.Load() == 0 {
		t.Error("no run began")
	}
}

// TestOnLoop: true on the loop and nowhere else; not for a goroutine that is
// born in the loop's place when the loop is gone.
func TestOnLoop(t *testing.T) {
	r, _ := newSim(t, Config{})
	never := func() {
		if r.OnLoop() {
			t.Error("another goroutine counts as the loop's")
		}
	}
	never()
	within(t, r, func() {
		if !r.OnLoop() {
			t.Error("the loop does not know itself")
		}
		elsewhere(1, never)
	})
	never()
	must(t, r.Close())
	for range 20 {
		elsewhere(20, never)
	}
	r, _ = newSim(t, Config{})
	die(t, r)
	for range 20 {
		elsewhere(20, never)
	}
}

// TestCloseDrops: nothing that was scheduled runs after Close, and nothing of
// it is kept.
func TestCloseDrops(t *testing.T) {
	r, p := newSim(t, Config{})
	never := func() { t.Error("ran") }
	for _, arrange := range steps {
		arrange(t, r, p, never)
	}
	must(t, r.Close())
	expect(t, "Run", r.Run(), ErrClosed)
	if _, err := p.Poll(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the poller says %v, want net.ErrClosed", err)
	}
	if r.ready.next != nil || r.ready.batch != nil {
		t.Error("the ready queue is kept")
	}
	if n := held(r.mail.in) + len(r.again) + len(r.flush) + len(r.watches); n != 0 {
		t.Errorf("%d callbacks are kept", n)
	}
}

// die ends the reactor by a Goexit in a callback. It returns when the caller
// of Run has been ended as well.
func die(t testing.TB, r *Reactor) {
	t.Helper()
	must(t, r.Post(func(any) { runtime.Goexit() }, nil))
	ends(t, r)
}

// ends runs the reactor and fails the test unless Run ends its goroutine.
func ends(t testing.TB, r *Reactor) {
	t.Helper()
	returned := true
	elsewhere(1, func() {
		err := error(nil)
		defer func() {
			if returned {
				t.Errorf("Run returned %v", err)
			}
		}()
		returned = false
		err = r.Run()
		returned = true
	})
}

// TestGoexit: a Goexit in any step ends the reactor, and is repeated in who
// called Run; all later calls say so.
func TestGoexit(t *testing.T) {
	for name, arrange := range steps {
		for _, locked := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				r, p := newSim(t, Config{LockThread: locked})
				turns(t, r, 3, func(int) { soon(t, r, func() {}) }) // the queues have room
				arrange(t, r, p, runtime.Goexit)
				arrange(t, r, p, func() { t.Error("ran after Goexit") })
				ends(t, r)
				fd := p.Open()
				expect(t, "Run", r.Run(), ErrDied)
				expect(t, "Soon", r.Soon(nop, nil), ErrDied)
				expect(t, "Post", r.Post(nop, nil), ErrDied)
				expect(t, "Schedule", r.Schedule(timer(func() {}), 0), ErrDied)
				expect(t, "AddReader", r.AddReader(fd, nop, nil), ErrDied)
				expect(t, "AddWriter", r.AddWriter(fd, nop, nil), ErrDied)
				_, err := r.Attach(fd, handlerFunc(nothing), poller.In)
				expect(t, "Attach", err, ErrDied)
				if r.Running() || r.OnLoop() {
					t.Errorf("dead: running %t, on the loop %t", r.Running(), r.OnLoop())
				}
				r.Stop()
				must(t, r.Close())
				expect(t, "Run after Close", r.Run(), ErrClosed)
			})
		}
	}
}

// TestGoexitLate: a Goexit while a panic is reported, or of a later run.
func TestGoexitLate(t *testing.T) {
	var r *Reactor
	r, _ = newSim(t, Config{Fault: func(Fault) { runtime.Goexit() }})
	within(t, r, func() {})
	soon(t, r, panicHere)
	ends(t, r)
	expect(t, "Run", r.Run(), ErrDied)

	r, _ = newSim(t, Config{})
	soon(t, r, func() {
		defer runtime.Goexit()
		panicHere()
	})
	ends(t, r)
	expect(t, "Run", r.Run(), ErrDied)
}

// TestFailed: the owner is told what ends a run of Start, on the loop and
// before the run is over, once, and not of a run of Run.
func TestFailed(t *testing.T) {
	broken := errors.New("broken")
	var told []error
	var r *Reactor
	r, p := newSim(t, Config{Failed: func(err error) {
		told = append(told, err)
		if !r.OnLoop() || !r.Running() {
			t.Error("told beside the run")
		}
		r.Stop() // for the run that ends anyway
	}})
	fails := func() {
		p.Inject(simpoll.OpPoll, simpoll.Fault{Err: broken})
		soon(t, r, func() {})
	}
	started := func(want error) {
		t.Helper()
		done, err := r.Start()
		must(t, err)
		if err := <-done; err != want {
			t.Errorf("the run ended with %v, want %v", err, want)
		}
	}
	fails()
	expect(t, "Run", r.Run(), broken)
	fails()
	started(broken)
	turns := r.Stats().Turns
	soon(t, r, func() { soon(t, r, r.Stop) })
	started(nil)
	if n := r.Stats().Turns - turns; n != 2 {
		t.Errorf("the run behind the failure had %d turns, want 2", n)
	}
	fails()
	expect(t, "Run after Start", r.Run(), broken)
	soon(t, r, runtime.Goexit)
	started(ErrDied)
	if len(told) != 2 || told[0] != broken || told[1] != ErrDied {
		t.Errorf("told of %v, want %v and %v", told, broken, ErrDied)
	}
}
