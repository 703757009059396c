package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// settle is how long a loop is left alone before a look at its counters, and
// after its one timer: long enough for start-up and the last turn to be over.
const settle = 200 * time.Millisecond

// settleLooks bounds how often a loop may be found still at work before its
// idleness is measured regardless: the samples start all at once, and the
// machine may be busy with that for a while.
const settleLooks = 20

// idleScenarios measure a loop that has nothing to do, and one that waits for a
// single timer. The figures are differences of the loop's own counters and of
// the process's time, so samples that run at once do not disturb each other.
func idleScenarios() []Scenario {
	turns := Metric{Name: "turns", Unit: "turns"}
	cpu := Metric{Name: "cpu", Unit: "ms"}
	return []Scenario{
		{
			Name:        "idle/empty",
			Description: "a loop with nothing to do for five seconds",
			Params:      Params{"for_ns": int64(5 * time.Second)},
			Quick:       Params{"for_ns": int64(time.Second)},
			Work:        "for_ns",
			Metrics:     []Metric{turns, cpu},
			Place:       onOneCore,
			Idle:        true,
			Sides: slices.Concat([]Side{{Name: "engine", Kind: Engine, Run: engineIdle}},
				pythonPeers("idle")),
		},
		{
			Name:        "idle/timer",
			Description: "a loop with one timer ten seconds away",
			Params:      Params{"for_ns": int64(10 * time.Second)},
			Quick:       Params{"for_ns": int64(2 * time.Second)},
			Work:        "for_ns",
			Metrics:     []Metric{{Name: "wakeups", Unit: "wake-ups"}, turns, cpu},
			Place:       onOneCore,
			Idle:        true,
			Sides:       []Side{{Name: "engine", Kind: Engine, Run: engineOneTimer}},
		},
	}
}

// idleness is what a sleeping loop has done.
type idleness struct {
	loop  *engine.Loop
	stats engine.Stats
	cpu   time.Duration
}

// begin waits until two looks find the same, and starts from there.
func (i *idleness) begin() (err error) {
	for look := range settleLooks {
		before := i.stats.Turns
		time.Sleep(settle)
		if i.stats = i.loop.Stats(); look > 0 && i.stats.Turns == before {
			break
		}
	}
	i.cpu, err = cpuTime()
	return err
}

func (i *idleness) metrics() (Metrics, error) {
	now, err := cpuTime()
	stats := i.loop.Stats()
	return Metrics{
		"turns":   float64(stats.Turns - i.stats.Turns),
		"wakeups": float64(stats.Wakeups - i.stats.Wakeups),
		"cpu":     float64((now - i.cpu).Nanoseconds()) / 1e6,
	}, err
}

func engineIdle(ctx context.Context, t Task) (Metrics, error) {
	return observe(ctx, time.Duration(t.Param("for_ns")), func(*engine.Loop) error { return nil })
}

// engineOneTimer arms its timer so that it fires between the two looks at the
// counters, however long the loop takes to settle.
func engineOneTimer(ctx context.Context, t Task) (Metrics, error) {
	wait := time.Duration(t.Param("for_ns"))
	var timer engine.Timer
	timer.Init(never, nil)
	return observe(ctx, wait, func(l *engine.Loop) error {
		return l.Schedule(&timer, l.Time()+wait)
	})
}

// observe lets a loop run that only start has given something to do, and
// returns what it did in the span after it had settled.
func observe(ctx context.Context, span time.Duration, start func(*engine.Loop) error) (Metrics, error) {
	var m Metrics
	watched := make(chan error, 1)
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		if err := start(l); err != nil {
			return err
		}
		go func() {
			defer l.Stop()
			i := &idleness{loop: l}
			err := i.begin()
			time.Sleep(span)
			var endErr error
			m, endErr = i.metrics()
			watched <- errors.Join(err, endErr)
		}()
		return nil
	})
	if err == nil {
		err = <-watched
	}
	return m, err
}
