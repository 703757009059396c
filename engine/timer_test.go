package engine_test

import (
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestTimer: a Timer runs in order of the deadlines, moves, and is disarmed
// once.
func TestTimer(t *testing.T) {
	l, _ := simLoop(t)
	var j journal
	timers := map[string]*engine.Timer{}
	for name, when := range map[string]time.Duration{"a": 3 * time.Hour, "b": time.Second, "c": time.Minute} {
		k := newTimer(func() { j.add(name + " at " + l.Time().String()) })
		if must(t, l.Schedule(k, when)); k.When() != when {
			t.Errorf("When is %v, want %v", k.When(), when)
		}
		timers[name] = k
	}
	must(t, l.Schedule(newTimer(l.Stop), 48*time.Hour))
	must(t, l.Schedule(timers["a"], 1)) // moves
	if !l.Unschedule(timers["b"]) || l.Unschedule(timers["b"]) {
		t.Error("a timer is not disarmed once")
	}
	run(t, l)
	j.want(t, "a at 1ns", "c at 1m0s")
	if l.Unschedule(timers["a"]) || timers["a"].When() != 1 || timers["b"].When() != time.Second {
		t.Errorf("afterwards When is %v and %v", timers["a"].When(), timers["b"].When())
	}
}

// TestTimerOrder: timers of all kinds with one deadline run in the order in
// which they were scheduled, where moving counts as scheduling.
func TestTimerOrder(t *testing.T) {
	l, _ := simLoop(t)
	var j journal
	moved := newTimer(j.adds("moved"))
	must(t, l.Schedule(moved, time.Second))
	l.CallAt(time.Second, j.adds("handle"))
	must(t, l.Schedule(newTimer(j.adds("timer")), time.Second))
	must(t, l.CallAtArg(time.Second, func(any) { j.add("arg") }, nil))
	must(t, l.Schedule(moved, time.Second))
	must(t, l.Schedule(newTimer(l.Stop), time.Second))
	run(t, l)
	j.want(t, "handle", "timer", "arg", "moved")
}

// TestTimerDue: a timer that is due does not run any more once it is disarmed,
// and not twice when it is moved; and it may arm itself.
func TestTimerDue(t *testing.T) {
	l, sim := simLoop(t)
	var j journal
	off, again := newTimer(j.adds("disarmed")), newTimer(j.adds("moved"))
	var tick *engine.Timer
	tick = newTimer(func() {
		j.add("tick " + tick.When().String())
		must(t, l.Schedule(tick, tick.When()+time.Hour))
	})
	must(t, l.Schedule(newTimer(func() {
		if !l.Unschedule(off) {
			t.Error("a due timer is not armed")
		}
		must(t, l.Schedule(again, l.Time()+time.Minute))
	}), 1))
	for i, k := range []*engine.Timer{off, again, tick} {
		must(t, l.Schedule(k, time.Duration(i+2)))
	}
	sim.Advance(time.Second)
	turn(t, l)
	j.want(t, "tick 4ns")
	must(t, l.Schedule(newTimer(l.Stop), 2*time.Hour))
	run(t, l)
	j.want(t, "moved", "tick 1h0m0.000000004s")
}

// TestTimingTimers depends on the machine's clock: no timer runs early, and
// short waits take few turns, however the loop waits.
func TestTimingTimers(t *testing.T) {
	for _, host := range []engine.Host{engine.HostAuto, engine.HostBlock, engine.HostPark} {
		l := unhosted(t, engine.Config{Host: host})
		for _, wait := range []time.Duration{10 * time.Millisecond, time.Millisecond, 70 * time.Microsecond, time.Microsecond, 1, 0, -1} {
			turns := l.Stats().Turns
			due := l.Time() + wait
			must(t, l.Schedule(newTimer(l.Stop), due))
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
	l := newLoop(t, engine.Config{TimerSpin: 200 * time.Microsecond})
	for wait := range 20 {
		due := l.Time() + time.Duration(wait)*50*time.Microsecond
		must(t, l.Schedule(newTimer(l.Stop), due))
		run(t, l)
		if now := l.Time(); now < due {
			t.Errorf("a timer ran %v early", due-now)
		}
	}
}
