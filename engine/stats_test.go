package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// TestStats: every counter shows what happened, in its own place.
func TestStats(t *testing.T) {
	p := simpoll.New()
	l := unhosted(t, engine.Config{Poller: p, Host: engine.HostBlock})
	fd := p.Open()
	must(t, l.AddReader(fd, func() { p.ClearReady(fd, poller.Readable) }))
	p.Inject(simpoll.OpWait, simpoll.Fault{Elapse: time.Second, Do: func() {
		p.Advance(1) // so that the post has a time that is not zero
		must(t, l.CallSoonThreadsafeArg(nopArg, nil))
	}})
	l.CallAt(48*time.Hour, nop)
	must(t, l.CallAtArg(time.Minute, func(any) { l.Stop() }, nil))
	l.CallSoon(nop)
	must(t, l.CallSoonArg(func(any) { p.SetReady(fd, poller.Readable) }, nil))
	l.CallSoon(nop).Cancel()
	run(t, l)
	want := engine.Stats{
		Turns:       3, // the callbacks; the event and the post; the timer
		Callbacks:   4, // a cancelled one takes its place in the queue
		Events:      1,
		Wakeups:     2,
		TimersFired: 1,
		Idle:        time.Minute,
		Timers:      1,
		Descriptors: 1,
	}
	want.Lateness[0] = 1
	want.WakeLag[30] = 1 // 2^29 to 2^30 - 1 ns
	if got := l.Stats(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestStatsBetweenRuns: what is armed and watched between runs is counted by the
// next one, and a closed loop has nothing.
func TestStatsBetweenRuns(t *testing.T) {
	l, p := simLoop(t)
	fd := p.Open()
	counts := func(timers, descriptors int) {
		t.Helper()
		if s := l.Stats(); s.Timers != timers || s.Descriptors != descriptors {
			t.Errorf("%d timers and %d descriptors, want %d and %d", s.Timers, s.Descriptors, timers, descriptors)
		}
	}
	h := l.CallLater(time.Hour, nop)
	must(t, l.AddReader(fd, nop))
	turn(t, l)
	counts(1, 1)
	h.Cancel()
	l.RemoveReader(fd)
	turn(t, l)
	counts(0, 0)
	l.CallLater(time.Hour, nop)
	turn(t, l)
	counts(1, 0)
	must(t, l.Close())
	counts(0, 0)
}

// TestStatsPanics: a panic is counted, and without a logger and a handler it is
// printed, with its stack.
func TestStatsPanics(t *testing.T) {
	l := newLoop(t)
	out := stderr(t, func() {
		l.CallSoon(func() { panic("on purpose") })
		l.CallSoon(l.Stop)
		run(t, l)
	})
	if s := l.Stats(); s.Panics != 1 || s.Callbacks != 2 {
		t.Errorf("%d panics, %d callbacks, want 1 and 2", s.Panics, s.Callbacks)
	}
	for _, part := range []string{"Exception in callback ", "panic: on purpose", "TestStatsPanics"} {
		if !strings.Contains(out, part) {
			t.Errorf("standard error has no %q: %q", part, out)
		}
	}
}
