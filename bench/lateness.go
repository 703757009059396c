package bench

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// lateLimit is where a shot counts as late in the share of late shots.
const lateLimit = 200 * time.Microsecond

// latenessRounds are the pairs that the bars of lateness ask for.
const latenessRounds = 20

var latenessMetrics = []Metric{
	p50, p90, p99,
	{Name: "late", Unit: "% > 200 us"},
	{Name: "early", Unit: "shots"},
}

// latenessScenarios measure how late a timer's callback runs. The schedule is
// absolute: shot n is due n intervals after the start whatever became of the
// shots before it, so that a late one does not move the others. Lateness is the
// clock at the first instruction less the due time. The process sleeps between
// the shots; one core is enough.
func latenessScenarios() []Scenario {
	return []Scenario{
		latenessScenario("idle", "nothing else to do", Params{"others": 0, "spin_ns": 0}),
		latenessScenario("10k", "beside 10,000 other timers", Params{"others": 10_000, "spin_ns": 0}),
		latenessScenario("spin", "with TimerSpin 100 us", Params{"others": 0, "spin_ns": int64(100 * time.Microsecond)}),
	}
}

func latenessScenario(name, description string, params Params) Scenario {
	return Scenario{
		Name:        "lateness/" + name,
		Description: "how late a timer runs: " + description,
		Params:      params.with(Params{"shots": 500, "interval_ns": 1_300_000}),
		Quick:       Params{"shots": 150},
		Work:        "shots",
		Metrics:     latenessMetrics,
		Rounds:      latenessRounds,
		Place:       onOneCore,
		Sides: slices.Concat([]Side{
			{Name: "engine", Kind: Engine, Run: engineLateness},
			latenessFloor,
			{Name: "afterfunc", Kind: Peer, Run: afterFuncLateness},
		}, pythonPeers("lateness")),
	}
}

// volley is a schedule of shots on some clock, and how late they were. Every
// interval is varied by up to a tenth, so that no periodic work of the machine
// keeps step with it.
type volley struct {
	shots    int64
	interval int64
	jitter   *rand.Rand
	seen     *latencies
	due      time.Duration // of the next shot, on the side's clock
}

func newVolley(t Task) *volley {
	return &volley{
		shots:    t.Param("shots"),
		interval: t.Param("interval_ns"),
		jitter:   rand.New(rand.NewPCG(t.Seed, 0)),
		seen:     newLatencies(lateLimit),
	}
}

// aim moves the schedule on to the next shot; false when there is none.
func (v *volley) aim() bool {
	v.due += time.Duration(v.interval + v.jitter.Int64N(v.interval/10))
	return v.seen.count() < v.shots
}

// hit records the shot that was due, at the present time of the side's clock.
func (v *volley) hit(now time.Duration) { v.seen.add(now - v.due) }

func (v *volley) metrics() Metrics {
	m := v.seen.metrics()
	m["late"] = 100 * float64(v.seen.late) / float64(v.shots)
	m["early"] = float64(v.seen.early)
	return m
}

func engineLateness(ctx context.Context, t Task) (Metrics, error) {
	v := newVolley(t)
	others := make([]engine.Timer, t.Param("others"))
	dice := newDice(t.Seed, 1)
	cfg := engine.Config{TimerSpin: time.Duration(t.Param("spin_ns"))}
	err := runLoop(ctx, cfg, func(l *engine.Loop) error {
		for i := range others {
			others[i].Init(never, nil)
			delay, _ := dice.next()
			if err := l.Schedule(&others[i], l.Time()+delay); err != nil {
				return err
			}
		}
		var shot engine.Timer
		shot.Init(func(any) {
			v.hit(l.Time())
			if !v.aim() {
				l.Stop()
				return
			}
			_ = l.Schedule(&shot, v.due)
		}, nil)
		v.due = l.Time()
		v.aim()
		return l.Schedule(&shot, v.due)
	})
	return v.metrics(), err
}

// afterFuncLateness is time.AfterFunc with the same schedule.
func afterFuncLateness(_ context.Context, t Task) (Metrics, error) {
	v := newVolley(t)
	dice := newDice(t.Seed, 1)
	for range t.Param("others") {
		delay, _ := dice.next()
		defer time.AfterFunc(delay, neverFunc).Stop()
	}
	base := time.Now()
	over := make(chan struct{})
	var shot func()
	shot = func() {
		v.hit(time.Since(base))
		if !v.aim() {
			close(over)
			return
		}
		time.AfterFunc(v.due-time.Since(base), shot)
	}
	v.aim()
	time.AfterFunc(v.due-time.Since(base), shot)
	<-over
	return v.metrics(), nil
}
