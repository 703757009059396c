package engine

import (
	"slices"
	"testing"
	"time"
)

// TestTimers: order, moving and cancelling, by the loop's clock.
func TestTimers(t *testing.T) {
	l, _ := newSim(t, Config{})
	began := l.Time()
	var got []time.Duration
	note := func() { got = append(got, l.Time()-began) }
	a, b, c := timer(note), timer(note), timer(note)
	end := timer(l.Stop)
	for k, after := range map[*Timer]time.Duration{a: 3 * time.Hour, b: time.Second, c: time.Minute, end: 48 * time.Hour} {
		expect(t, "Schedule", l.Schedule(k, began+after), nil)
		if k.When() != began+after {
			t.Errorf("When is %v, want %v", k.When(), began+after)
		}
	}
	expect(t, "Schedule", l.Schedule(a, began+time.Nanosecond), nil)
	if !l.Unschedule(b) || l.Unschedule(b) {
		t.Error("a timer is not cancelled once")
	}
	run(t, l)
	if want := []time.Duration{1, time.Minute}; !slices.Equal(got, want) {
		t.Errorf("timers ran after %v, want %v", got, want)
	}
	if l.Unschedule(a) || a.When() != began+1 || b.When() != began+time.Second {
		t.Errorf("afterwards: When is %v and %v", a.When(), b.When())
	}
}

// TestTimingTimers depends on the machine's clock: no timer runs early, and
// short waits take few turns.
func TestTimingTimers(t *testing.T) {
	for _, host := range []Host{HostAuto, HostBlock, HostPark} {
		l := newLoop(t, Config{Host: host})
		for _, wait := range []time.Duration{10 * time.Millisecond, time.Millisecond, 70 * time.Microsecond, time.Microsecond, 1, 0, -1} {
			turns := l.Stats().Turns
			due := l.Time() + wait
			expect(t, "Schedule", l.Schedule(timer(l.Stop), due), nil)
			run(t, l)
			if now := l.Time(); now < due {
				t.Errorf("host %d: a timer ran %v early", host, due-now)
			}
			if turns = l.Stats().Turns - turns; turns > 20 {
				t.Errorf("host %d: waiting %v took %d turns", host, wait, turns)
			}
		}
	}
}

// TestTimingSpin depends on the machine's clock: with TimerSpin no timer runs
// early either.
func TestTimingSpin(t *testing.T) {
	l := newLoop(t, Config{TimerSpin: 200 * time.Microsecond})
	for wait := range 20 {
		due := l.Time() + time.Duration(wait)*50*time.Microsecond
		expect(t, "Schedule", l.Schedule(timer(l.Stop), due), nil)
		run(t, l)
		if now := l.Time(); now < due {
			t.Errorf("a timer ran %v early", due-now)
		}
	}
}
