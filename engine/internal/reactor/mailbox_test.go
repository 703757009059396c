package reactor

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// pollers are what the tests of sleeping and waking run on.
var pollers = map[string]func(testing.TB) poller.Poller{
	"sim":  func(testing.TB) poller.Poller { return simpoll.New() },
	"best": bestPoller,
}

func bestPoller(t testing.TB) poller.Poller {
	p, err := poller.New()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	must(t, err)
	return p
}

// onEach runs a test on each poller and with each host.
func onEach(t *testing.T, f func(*testing.T, *Reactor)) {
	for name, open := range pollers {
		for host, kind := range map[string]Host{"auto": HostAuto, "block": HostBlock, "park": HostPark} {
			t.Run(name+"/"+host, func(t *testing.T) {
				f(t, newReactor(t, Config{Poller: open(t), Host: kind}))
			})
		}
	}
}

// TestPostFlood posts from many goroutines: everything runs once, in the order
// of its producer.
func TestPostFlood(t *testing.T) {
	const producers, each = 8, 500
	onEach(t, func(t *testing.T, r *Reactor) {
		left := producers * each
		for p := range producers {
			seen := 0
			check := func(arg any) {
				if arg != seen {
					t.Errorf("producer %d: post %v ran in place of %d", p, arg, seen)
				}
				seen++
				if left--; left == 0 {
					r.Stop()
				}
			}
			go func() {
				for i := range each {
					must(t, r.Post(check, i))
				}
			}()
		}
		must(t, r.Run())
	})
}

// TestPostLockstep posts one at a time, each when the one before has run: the
// loop goes to sleep between any two of them, and no wake-up may be lost.
func TestPostLockstep(t *testing.T) {
	const producers, each = 3, 500
	onEach(t, func(t *testing.T, r *Reactor) {
		left := producers
		for range producers {
			go func() {
				ran := make(chan struct{})
				for range each {
					must(t, r.Post(func(any) { ran <- struct{}{} }, nil))
					<-ran
				}
				must(t, r.Post(func(any) {
					if left--; left == 0 {
						r.Stop()
					}
				}, nil))
			}()
		}
		must(t, r.Run())
	})
}

// elsewhere calls f on n goroutines and waits for them.
func elsewhere(n int, f func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(f)
	}
	all.Wait()
}

// TestOneWake: any number of posts and stops wake a sleeping loop once, and a
// loop that is awake not at all.
func TestOneWake(t *testing.T) {
	r, p := newSim(t, Config{})
	ran := 0
	count := func(any) { ran++ }
	posts := func() { elsewhere(4, func() { must(t, r.Post(count, nil)) }) }
	for range 3 {
		p.Inject(simpoll.OpWait, simpoll.Fault{Do: posts})
	}
	p.Inject(simpoll.OpWait, simpoll.Fault{Do: func() { elsewhere(4, r.Stop) }})
	run(t, r, posts)
	if ran != 16 || p.Calls(simpoll.OpWake) != 4 {
		t.Errorf("16 posts and 4 stops in 4 sleeps: %d ran, for %d wake-ups", ran, p.Calls(simpoll.OpWake))
	}
	if s := r.Stats(); s.Wakeups != 4 {
		t.Errorf("Stats: %d wake-ups, want 4", s.Wakeups)
	}
}

// TestPostBeforeSleep: mail that comes between the last look and the sleep is
// found without a wake-up.
func TestPostBeforeSleep(t *testing.T) {
	r, p := newSim(t, Config{})
	p.Inject(simpoll.OpPoll, simpoll.Fault{Do: func() { must(t, r.Post(invoke, r.Stop)) }})
	run(t, r, func() {})
	if p.Calls(simpoll.OpWait) != 0 || p.Calls(simpoll.OpWake) != 0 {
		t.Errorf("%d waits, %d wake-ups, want none", p.Calls(simpoll.OpWait), p.Calls(simpoll.OpWake))
	}
}

// TestPostToParked: what is posted between runs waits for the next, without a
// wake-up.
func TestPostToParked(t *testing.T) {
	r, p := newSim(t, Config{})
	within(t, r, func() {})
	must(t, r.Post(invoke, r.Stop))
	must(t, r.Run())
	if p.Calls(simpoll.OpWake) != 0 {
		t.Errorf("%d wake-ups of a loop that did not sleep", p.Calls(simpoll.OpWake))
	}
}

// TestWakeLag: the time from the post that wakes the loop to its turn.
func TestWakeLag(t *testing.T) {
	r, p := newSim(t, Config{})
	p.Inject(simpoll.OpWait, simpoll.Fault{
		Do:     func() { must(t, r.Post(invoke, r.Stop)) },
		Elapse: 700 * time.Nanosecond,
	})
	must(t, r.Run())
	var want Histogram
	want[10] = 1 // 512 to 1023 ns
	if s := r.Stats(); s.WakeLag != want || s.Idle != 700 {
		t.Errorf("lag %v, idle %d", s.WakeLag, s.Idle)
	}
}

// TestPostBurst: the memory of a large burst is given back.
func TestPostBurst(t *testing.T) {
	r, _ := newSim(t, Config{})
	for range 3 {
		for range spareLimit + 1 {
			must(t, r.Post(nop, nil))
		}
		within(t, r, func() {})
	}
	if n := cap(r.mail.in) + cap(r.mail.spare); n > 2*spareLimit {
		t.Errorf("the mailbox keeps room for %d posts", n)
	}
}

// TestMailKeepsNothing: what was posted and has run is not kept alive.
func TestMailKeepsNothing(t *testing.T) {
	r, _ := newSim(t, Config{})
	for range 3 {
		for range 100 {
			must(t, r.Post(nop, new(int)))
		}
		within(t, r, func() {})
	}
	if n := held(r.mail.spare[:cap(r.mail.spare)]) + held(r.mail.in[:cap(r.mail.in)]); n != 0 {
		t.Errorf("the mailbox holds %d posts that have run", n)
	}
}

// TestPrepareRacesPost lets a loop fall asleep while somebody posts: the loop
// sees the mail, or the poster sees the sleep.
func TestPrepareRacesPost(t *testing.T) {
	const rounds = 3000
	var m mailbox
	q := newReady()
	var begun, ended atomic.Int64 // rounds
	var woken bool
	var poster sync.WaitGroup
	poster.Go(func() {
		for i := range int64(rounds) {
			await(&begun, i+1)
			must(t, m.put(nop, nil))
			woken = m.sleeping() && m.claim(1)
			ended.Store(i + 1)
		}
	})
	lost := 0
	for i := range int64(rounds) {
		begun.Store(i + 1)
		sleeps := m.prepare()
		if await(&ended, i+1); sleeps && !woken {
			lost++
		}
		m.awaken()
		m.take(&q)
		q.turn()
	}
	if poster.Wait(); lost > 0 {
		t.Errorf("%d of %d posts to a sleeping loop woke nobody", lost, rounds)
	}
}

// await spins until v is n: both sides are to meet within nanoseconds.
func await(v *atomic.Int64, n int64) {
	for spins := 1; v.Load() != n; spins++ {
		if spins%100 == 0 {
			runtime.Gosched()
		}
	}
}

// busyClock is a poller on which something happens when the loop next reads the
// clock, which it does between its decision to sleep and its sleep.
type busyClock struct {
	*simpoll.Poller
	happen func()
}

func (c *busyClock) Now() int64 {
	if f := c.happen; f != nil {
		c.happen = nil
		f()
	}
	return c.Poller.Now()
}

// TestOnTheWayToSleep: a post or a Stop that comes while the loop is on its way
// to sleep keeps it awake, and costs no wake-up, nor does the next post.
func TestOnTheWayToSleep(t *testing.T) {
	for name, happen := range map[string]func(r *Reactor){
		"stop": (*Reactor).Stop,
		"post": func(r *Reactor) { must(t, r.Post(invoke, r.Stop)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := &busyClock{Poller: simpoll.New()}
			r, _ := newSim(t, Config{Poller: c})
			must(t, r.Schedule(timer(r.Stop), int64(time.Hour)))
			c.happen = func() { happen(r) }
			must(t, r.Run())
			must(t, r.Post(nop, nil))
			if w, n := c.Calls(simpoll.OpWake), c.Calls(simpoll.OpWait); w != 0 || n != 0 {
				t.Errorf("%d wake-ups, %d waits, want none", w, n)
			}
		})
	}
}

// TestPostAfterClose: a closed mailbox refuses, and drops what it held.
func TestPostAfterClose(t *testing.T) {
	r, _ := newSim(t, Config{})
	must(t, r.Post(func(any) { t.Error("ran after Close") }, nil))
	must(t, r.Close())
	if err := r.Post(nop, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Post: %v, want ErrClosed", err)
	}
	if len(r.mail.in) != 0 {
		t.Error("the closed mailbox holds a post")
	}
}

// TestPostAcceptedAtClose: a post that was accepted reports no error, though
// the loop ends, and its poller with it, before the wake-up that it owes.
func TestPostAcceptedAtClose(t *testing.T) {
	r, p := newSim(t, Config{})
	fd := p.Open()
	must(t, r.AddReader(fd, nop, nil))
	sleeps := whenAsleep(p)
	done := start(r)
	<-sleeps
	p.Inject(simpoll.OpWake, simpoll.Fault{Do: func() {
		r.Stop()
		p.SetReady(fd, poller.Readable)
		must(t, <-done)
		must(t, r.Close())
	}})
	if err := r.Post(nop, nil); err != nil && !errors.Is(err, ErrClosed) {
		t.Errorf("Post: %v", err)
	} else if errors.Is(err, net.ErrClosed) {
		t.Errorf("Post tells of the poller: %v", err)
	}
}

// TestPostRacesClose: a post that races Close is accepted, and dropped or run,
// or refused with ErrClosed.
func TestPostRacesClose(t *testing.T) {
	for range 100 {
		r := newReactor(t, Config{Poller: simpoll.New()})
		done := start(r)
		var posts sync.WaitGroup
		for range 2 {
			posts.Go(func() {
				for range 1000 {
					if err := r.Post(nop, nil); err != nil {
						if !errors.Is(err, ErrClosed) {
							t.Errorf("Post: %v", err)
						}
						return
					}
				}
			})
		}
		r.Stop()
		must(t, <-done)
		must(t, r.Close())
		posts.Wait()
	}
}

// TestStampOfAnotherSleep: only the sleep that a post ends has a stamp.
func TestStampOfAnotherSleep(t *testing.T) {
	var m mailbox
	m.prepare()
	if !m.claim(5) || m.awaken() != 5 {
		t.Error("the stamp of the post is lost")
	}
	m.prepare()
	if got := m.awaken(); got != 0 {
		t.Errorf("nobody woke the loop, with the stamp %d", got)
	}
}
