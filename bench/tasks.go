package bench

import (
	"context"
	"errors"
	"runtime"
	"slices"

	"github.com/shardloop/shardloop/engine"
)

var (
	allocsPerTrip = Metric{Name: "allocs", Unit: "allocs/trip"}
	perTask       = Metric{Name: "time", Unit: "ns/task"}
	allocsPerTask = Metric{Name: "allocs", Unit: "allocs/task"}
)

// taskScenarios measure what coroutines cost: to suspend and go on, to make and
// to end, to wait for, and to keep. One loop, one core.
func taskScenarios() []Scenario {
	all := slices.Concat(awaitScenarios(), spawnScenarios(), []Scenario{
		doneScenario(), gatherScenario(), parkedScenario(),
	})
	for i := range all {
		all[i].Work, all[i].Place = "rounds", onOneCore
		all[i].Sides = append(all[i].Sides, pythonPeers("tasks")...)
	}
	return all
}

// relay is size operations a lap, lap after lap. Whoever begins a lap asks more
// before, and so the time is that of whole laps, wherever in one he stands. The
// first laps are warm-up.
type relay struct {
	meter
	lap, warmup, laps int64
	size              int64
}

// relayWarmup is how many operations come before the first that counts: queues,
// pools and stacks have grown by then, and the garbage collector has started.
const relayWarmup = 20_000

func newRelay(t Task) *relay {
	letStart()
	r := &relay{size: t.Param("size")}
	r.warmup = max(relayWarmup/r.size, 2)
	r.laps = r.warmup + t.Param("rounds")
	return r
}

// letStart lets the goroutines run that the process began with, so that what
// they allocate is not found in the middle of the laps.
func letStart() {
	for range 100 {
		runtime.Gosched()
	}
}

// more counts a lap and tells whether it takes place.
func (r *relay) more() bool {
	switch r.lap {
	case r.warmup:
		r.begin()
	case r.laps:
		r.end()
		return false
	}
	r.lap++
	return true
}

// metrics are the cost of an operation. Allocations are not rounded: the laps
// are free of others, but for the few of the garbage collector where there is
// work for it.
func (r *relay) metrics() Metrics {
	n := r.size * (r.laps - r.warmup)
	m := r.per(n)
	if m != nil {
		m["allocs"] = float64(r.mallocs) / float64(n)
	}
	return m
}

// runMain runs main in a task of a loop of its own.
func runMain(ctx context.Context, main func(context.Context, *engine.Loop) error) error {
	var failed error
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		return engine.Go(l, func(ctx context.Context) error {
			failed = main(ctx, l)
			l.Stop()
			return nil
		})
	})
	return errors.Join(failed, err)
}
