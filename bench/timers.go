package bench

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shardloop/shardloop/engine"
)

var (
	perTimer       = Metric{Name: "time", Unit: "ns/op"}
	allocsPerTimer = Metric{Name: "allocs", Unit: "allocs/op"}
)

// timerScenarios measure what timers cost that never fire, which is what nearly
// all timeouts do, while many others are live: one that is added and cancelled
// at once, and a random live one that is replaced by another. Deadlines are
// random between one and two minutes from now, so none comes due in a sample;
// each is computed from a fresh reading of the clock on every side, as
// time.AfterFunc does inside. One goroutine, one core.
func timerScenarios() []Scenario {
	var out []Scenario
	for _, live := range []struct {
		name string
		n    int64
	}{{"1k", 1_000}, {"100k", 100_000}, {"1M", 1_000_000}} {
		params := Params{"live": live.n, "ops": 1_000_000, "script_ops": 50_000}
		out = append(out,
			timerScenario("timers/cancel-"+live.name, "add a timer and cancel it at once, beside "+live.name+" others", params, cancelOp),
			timerScenario("timers/replace-"+live.name, "replace a random one of "+live.name+" timers", params, replaceOp))
	}
	return out
}

// The two cases of a timer scenario's op parameter.
const (
	cancelOp int64 = iota
	replaceOp
)

func timerScenario(name, description string, params Params, op int64) Scenario {
	return Scenario{
		Name:        name,
		Description: description,
		Params:      params.with(Params{"op": op}),
		Quick:       Params{"ops": 300_000},
		Work:        "ops",
		Metrics:     []Metric{perTimer, allocsPerTimer},
		Place:       onOneCore,
		Sides: slices.Concat([]Side{
			{Name: "engine", Kind: Engine, Run: engineTimers},
			{Name: "afterfunc", Kind: Peer, Run: afterFuncTimers},
		}, pythonPeers("timers")),
	}
}

// dice are the random choices of a timer sample, thrown before the clock runs
// and used in turn.
type dice struct {
	delay []time.Duration
	which []int32
	at    int
}

// throws is how many there are: enough that a population of a million is hit
// all over, few enough for the cache not to be full of dice.
const throws = 1 << 16

func newDice(seed uint64, live int64) *dice {
	r := rand.New(rand.NewPCG(seed, 0))
	d := &dice{delay: make([]time.Duration, throws), which: make([]int32, throws)}
	for i := range throws {
		d.delay[i] = time.Minute + time.Duration(r.Int64N(int64(time.Minute)))
		d.which[i] = int32(r.Int64N(live))
	}
	return d
}

func (d *dice) next() (time.Duration, int32) {
	d.at = (d.at + 1) % throws
	return d.delay[d.at], d.which[d.at]
}

func never(any) {}

// engineTimers uses timers embedded in what they belong to.
func engineTimers(ctx context.Context, t Task) (Metrics, error) {
	var m Metrics
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) (err error) {
		p := &population{loop: l, dice: newDice(t.Seed, t.Param("live")), timers: make([]engine.Timer, t.Param("live"))}
		m, err = p.measure(t.Param("ops"), t.Param("op"))
		l.Stop()
		return err
	})
	return m, err
}

// population is a loop full of timers.
type population struct {
	meter
	loop   *engine.Loop
	dice   *dice
	timers []engine.Timer
	one    engine.Timer
}

func (p *population) measure(ops, op int64) (Metrics, error) {
	for i := range p.timers {
		p.timers[i].Init(never, nil)
		delay, _ := p.dice.next()
		if err := p.loop.Schedule(&p.timers[i], p.loop.Time()+delay); err != nil {
			return nil, err
		}
	}
	p.one.Init(never, nil)
	run := p.cancel
	if op == replaceOp {
		run = p.replace
	}
	run(ops / 10) // warm-up
	p.begin()
	run(ops)
	p.end()
	return p.per(ops), nil
}

func (p *population) cancel(ops int64) {
	for range ops {
		delay, _ := p.dice.next()
		_ = p.loop.Schedule(&p.one, p.loop.Time()+delay)
		p.loop.Unschedule(&p.one)
	}
}

func (p *population) replace(ops int64) {
	for range ops {
		delay, i := p.dice.next()
		_ = p.loop.Schedule(&p.timers[i], p.loop.Time()+delay)
	}
}

// afterFuncTimers is the same with the runtime's timers.
func afterFuncTimers(_ context.Context, t Task) (Metrics, error) {
	p := &runtimePopulation{dice: newDice(t.Seed, t.Param("live")), timers: make([]*time.Timer, t.Param("live"))}
	for i := range p.timers {
		delay, _ := p.dice.next()
		p.timers[i] = time.AfterFunc(delay, neverFunc)
	}
	run := p.cancel
	if t.Param("op") == replaceOp {
		run = p.replace
	}
	ops := t.Param("ops")
	run(ops / 10)
	p.begin()
	run(ops)
	p.end()
	return p.per(ops), nil
}

type runtimePopulation struct {
	meter
	dice   *dice
	timers []*time.Timer
}

func neverFunc() {}

func (p *runtimePopulation) cancel(ops int64) {
	for range ops {
		delay, _ := p.dice.next()
		time.AfterFunc(delay, neverFunc).Stop()
	}
}

func (p *runtimePopulation) replace(ops int64) {
	for range ops {
		delay, i := p.dice.next()
		p.timers[i].Stop()
		p.timers[i] = time.AfterFunc(delay, neverFunc)
	}
}
