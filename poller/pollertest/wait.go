package pollertest

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/shardloop/shardloop/poller"
)

// The tests of this file are about Wait and its deadline.

// tick is a short wait.
const tick = time.Millisecond

// waits waits without a deadline until token reports want.
func (t *trial) waits(token poller.Token, want poller.Ready, m poller.Mode) {
	t.Helper()
	const early = 3
	for range early {
		events, err := t.p.Wait(poller.NoDeadline, m)
		t.ok(err)
		if got := union(events)[token]; got != 0 {
			if got != want {
				t.Fatalf("got %v, want %v", got, want)
			}
			return
		}
	}
	t.Fatal("Wait returned early again and again")
}

func deadlineNeverEarly(t *trial, m poller.Mode) {
	for _, d := range []time.Duration{1, 1000, 50 * time.Microsecond, tick, 3*tick + 1} {
		t.until(t.after(d), m)
	}
}

// deadlinePast: the wait is a poll, with events and without.
func deadlinePast(t *trial, m poller.Mode) {
	fd, peer := t.watched(token, poller.In)
	for _, d := range []int64{t.p.Now(), t.p.Now() - 1, 0, -1, math.MinInt64} {
		events, err := t.p.Wait(d, m)
		t.ok(err)
		if len(events) != 0 {
			t.Fatalf("got %v, want nothing", events)
		}
		t.Write(peer, 1)
		events, err = t.p.Wait(d, m)
		t.ok(err)
		if union(events)[token] != readable {
			t.Fatalf("got %v, want readable", events)
		}
		t.empty(fd)
	}
}

// deadlineMoves: forward, back, in time and past, after timers that have fired
// and timers that have not.
func deadlineMoves(t *trial, m poller.Mode) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for range 100 {
		deadline := t.after(time.Duration(rnd.IntN(int(2 * tick))))
		switch rnd.IntN(4) {
		case 0:
			t.until(deadline, m)
		case 1:
			t.ok(t.p.Wake())
			_, err := t.p.Wait(t.after(time.Duration(rnd.IntN(int(4*tick)))), m)
			t.ok(err)
		case 2:
			t.ok(t.p.Wake())
			_, err := t.p.Wait(math.MaxInt64-1, m)
			t.ok(err)
		case 3:
			_, err := t.p.Poll()
			t.ok(err)
		}
	}
	t.until(t.after(tick), m)
}

// deadlineAfterEvent: a wait that an event ended leaves the next deadline
// alone.
func deadlineAfterEvent(t *trial, m poller.Mode) {
	fd, peer := t.watched(token, poller.In)
	for range 5 {
		t.Write(peer, 1)
		deadline := t.after(2 * tick)
		_, err := t.p.Wait(deadline, m)
		t.ok(err)
		t.empty(fd)
		t.until(deadline, m)
		t.until(t.after(tick), m)
	}
}

func waitReturnsEvents(t *trial, m poller.Mode) {
	fd, peer := t.watched(token, poller.In)
	t.Write(peer, 1)
	for range 3 {
		t.waits(token, readable, m)
	}
	t.empty(fd)
	t.until(t.after(tick), m)
	t.Write(peer, 1)
	t.waits(token, readable, m)
}

// waitForPeer: events that come while the wait is on end it.
func waitForPeer(t *trial, m poller.Mode) {
	fd, peer := t.watched(token, poller.In)
	next := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range next {
			t.Write(peer, 1)
		}
	}()
	for range 100 {
		next <- struct{}{}
		t.waits(token, readable, m)
		t.empty(fd)
	}
	close(next)
	<-done
}

func closeAfterWait(t *trial, m poller.Mode) {
	t.ok(t.p.Wake())
	_, err := t.p.Wait(poller.NoDeadline, m)
	t.ok(err)
	t.ok(t.p.Close())
	closed(t)
}
