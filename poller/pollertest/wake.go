package pollertest

import (
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/shardloop/shardloop/poller"
)

// The tests of this file are about Wake and Close.

// wakeEndsWait: the wait goes on until the wake-up and not beyond.
func wakeEndsWait(t *trial, m poller.Mode) {
	const early = 3
	for range 20 {
		var woken atomic.Bool
		done := make(chan error)
		go func() {
			woken.Store(true)
			done <- t.p.Wake()
		}()
		for n := 0; !woken.Load(); n++ {
			if n > early {
				t.Fatal("Wait returned early again and again")
			}
			_, err := t.p.Wait(poller.NoDeadline, m)
			t.ok(err)
		}
		t.ok(<-done)
		_, err := t.p.Wait(t.p.Now(), m)
		t.ok(err)
	}
}

func wakeBeforeWait(t *trial, m poller.Mode) {
	for range 3 {
		t.ok(t.p.Wake())
		events, err := t.p.Wait(poller.NoDeadline, m)
		t.ok(err)
		if len(events) != 0 {
			t.Fatalf("got %v: a wake-up is not an event", events)
		}
	}
	t.until(t.after(tick), m)
}

// wakeSurvivesPoll: a wake-up is for a Wait, whatever polls come between.
func wakeSurvivesPoll(t *trial, m poller.Mode) {
	t.ok(t.p.Wake())
	t.silent()
	t.silent()
	_, err := t.p.Wait(poller.NoDeadline, m)
	t.ok(err)
	t.silent()
	t.exactly(m)
}

// exactly waits a tick, all in one Wait: no wake-up is left over.
func (t *trial) exactly(m poller.Mode) {
	t.Helper()
	deadline := t.after(tick)
	_, err := t.p.Wait(deadline, m)
	t.ok(err)
	if early := deadline - t.p.Now(); early > 0 {
		t.Fatalf("Wait returned %d ns early", early)
	}
}

func wakesCountOnce(t *trial, m poller.Mode) {
	for range 1000 {
		t.ok(t.p.Wake())
	}
	_, err := t.p.Wait(poller.NoDeadline, m)
	t.ok(err)
	t.exactly(m)
	t.ok(t.p.Wake())
	_, err = t.p.Wait(t.p.Now(), m)
	t.ok(err)
	t.exactly(m)
}

// wakeWithEvents: a wake-up neither hides events nor outlives them.
func wakeWithEvents(t *trial, m poller.Mode) {
	fd, peer := t.watched(token, poller.In)
	t.Write(peer, 1)
	t.ok(t.p.Wake())
	t.waits(token, readable, m)
	t.empty(fd)
	t.exactly(m)
}

// wakeFromMany: every wake-up after a wait began is heard.
func wakeFromMany(t *trial, m poller.Mode) {
	const wakers, rounds = 4, 50
	var posted atomic.Int64
	var wg sync.WaitGroup
	for range wakers {
		wg.Go(func() {
			for range rounds {
				posted.Add(1)
				if err := t.p.Wake(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for posted.Load() < wakers*rounds {
		_, err := t.p.Wait(poller.NoDeadline, m)
		t.ok(err)
	}
	wg.Wait()
}

// closed: every method says so, and a second Close does nothing.
func closed(t *trial) {
	fd, _ := t.Pair()
	for range 2 {
		t.ok(t.p.Close())
	}
	_, poll := t.p.Poll()
	_, wait := t.p.Wait(poller.NoDeadline, poller.Block)
	_, park := t.p.Wait(poller.NoDeadline, poller.Park)
	for name, err := range map[string]error{
		"Add":     t.p.Add(fd, token, poller.In),
		"Modify":  t.p.Modify(fd, token, poller.In),
		"Remove":  t.p.Remove(fd),
		"Rearm":   t.p.Rearm(fd, token, poller.In),
		"Rebuild": t.p.Rebuild(slices.Values([]poller.Registration{})),
		"Wake":    t.p.Wake(),
		"Poll":    poll,
		"Wait":    wait,
		"Park":    park,
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s on a closed poller: %v, want net.ErrClosed", name, err)
		}
	}
	t.p.Forget(fd)
	if n := t.p.Traits().Descriptors; n != 0 {
		t.Errorf("a closed poller claims %d descriptors", n)
	}
	if t.p.Now() < 0 {
		t.Error("Now is negative")
	}
}

func traitsConstant(t *trial) {
	traits := t.p.Traits()
	fd, peer := t.watched(token, poller.In)
	t.Write(peer, 1)
	for _, m := range modes {
		t.waits(token, readable, m.mode)
		t.ok(t.rebuild(poller.Registration{FD: fd, Token: token, Interest: poller.In}))
		if got := t.p.Traits(); got != traits {
			t.Fatalf("traits became %+v, were %+v", got, traits)
		}
	}
}
