//go:build unix && !race

package engine_test

import (
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestTimeoutsAllocateNothing per request, and run a timer a period at most.
func TestTimeoutsAllocateNothing(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	const rounds = 2000
	l := newLoop(t)
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	must(t, err)
	asks, answers := &answerer{done: l.Stop}, &answerer{}
	transportOn(t, l, asks, a)
	transportOn(t, l, answers, b)
	timeouts := engine.Timeouts{Idle: time.Hour, Read: time.Hour, Write: time.Hour}
	must(t, asks.tr.SetTimeouts(timeouts))
	must(t, answers.tr.SetTimeouts(timeouts))
	ask := []byte("ping")
	n := testing.AllocsPerRun(10, func() {
		asks.rounds = rounds
		must(t, wrote(asks.tr.Write(ask)))
		run(t, l)
	})
	if n >= rounds/100 { // a run itself has a few
		t.Errorf("%v allocations in %d requests", n, rounds)
	}
	stats := l.Stats()
	isEqual(t, "timers", stats.Timers, 2)
	isEqual(t, "timers that have run", stats.TimersFired, 0)
}

// TestSettingTimeoutsAllocatesOnce, however often they change.
func TestSettingTimeoutsAllocatesOnce(t *testing.T) {
	l, _, tr, _ := tapped(t)
	must(t, tr.SetTimeouts(engine.Timeouts{Idle: time.Hour}))
	n := testing.AllocsPerRun(1000, func() {
		must(t, tr.SetTimeouts(engine.Timeouts{Idle: 2 * time.Hour}))
		must(t, tr.SetTimeouts(engine.Timeouts{}))
		must(t, tr.SetTimeouts(engine.Timeouts{Idle: time.Hour, Read: time.Hour}))
	})
	isEqual(t, "allocations", n, 0)
	turn(t, l)
	isEqual(t, "timers", l.Stats().Timers, 1)
}
