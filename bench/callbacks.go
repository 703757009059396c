package bench

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/shardloop/shardloop/engine"
)

var (
	perCall       = Metric{Name: "time", Unit: "ns/call"}
	allocsPerCall = Metric{Name: "allocs", Unit: "allocs/call"}
)

// callbackScenarios measure what a callback costs: many in one turn (batch),
// and one a turn, each scheduling the next (chain). Everything happens on the
// loop's goroutine, so one core is enough.
func callbackScenarios() []Scenario {
	return []Scenario{
		batchScenario(1_000), batchScenario(100_000),
		chainScenario("strict", "one poll for each", 0, noTimer),
		chainScenario("timer", "one poll for each, with a timer an hour away", 0, farTimer),
		chainScenario("poll-every-64", "PollEvery 64", 64, noTimer),
		chainScenario("poll-every-64-timer", "PollEvery 64, with a timer an hour away", 64, farTimer),
	}
}

func batchScenario(size int64) Scenario {
	const calls = 10_000_000
	return Scenario{
		Name:        "callbacks/batch-" + strconv.FormatInt(size, 10),
		Description: "schedule " + strconv.FormatInt(size, 10) + " callbacks in one turn, run them in the next",
		Params:      Params{"size": size, "rounds": calls / size, "script_rounds": max(1, 300_000/size)},
		Quick:       Params{"rounds": calls / 5 / size},
		Work:        "rounds",
		Metrics:     []Metric{perCall, allocsPerCall},
		Place:       onOneCore,
		Sides: slices.Concat([]Side{
			{Name: "engine", Kind: Engine, Run: engineBatch},
			{Name: "slice", Kind: Floor, Run: sliceBatch},
			{Name: "channel", Kind: Peer, Run: channelBatch},
		}, pythonPeers("callbacks")),
	}
}

// The two cases of a chain's timer parameter.
const (
	noTimer int64 = iota
	farTimer
)

func chainScenario(name, description string, pollEvery, timer int64) Scenario {
	steps := int64(300_000)
	if pollEvery > 0 {
		steps *= 10
	}
	return Scenario{
		Name:        "callbacks/chain-" + name,
		Description: "a callback that schedules the next: " + description,
		Params:      Params{"steps": steps, "poll_every": pollEvery, "timer": timer, "script_steps": 20_000},
		Quick:       Params{"steps": steps / 2},
		Work:        "steps",
		Metrics:     []Metric{perCall, allocsPerCall},
		Place:       onOneCore,
		Sides: slices.Concat([]Side{
			{Name: "engine", Kind: Engine, Run: engineChain},
			chainFloor,
			{Name: "channel", Kind: Peer, Run: channelChain},
		}, pythonPeers("callbacks")),
	}
}

// sink counts the callbacks that ran.
type sink struct{ ran int64 }

func (s *sink) count() { s.ran++ }

// batch fills a queue of callbacks and lets it run, round after round. The
// first round is warm-up.
type batch struct {
	sink
	meter
	size, rounds int64
	schedule     func() // queues one round of countArg and fillArg behind it
	finish       func()
}

func newBatch(t Task) *batch { return &batch{size: t.Param("size"), rounds: t.Param("rounds")} }

// fill schedules a round and itself behind it.
func (b *batch) fill() {
	switch {
	case b.ran == b.size:
		b.begin()
	case b.ran == (b.rounds+1)*b.size:
		b.finish()
		return
	}
	b.schedule()
}

func countArg(arg any) { arg.(*sink).count() }

func fillArg(arg any) { arg.(*batch).fill() }

func (b *batch) metrics() (Metrics, error) {
	return b.per(b.size * b.rounds), nil
}

func engineBatch(ctx context.Context, t Task) (Metrics, error) {
	b := newBatch(t)
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		b.schedule = func() {
			for range b.size {
				_ = l.CallSoonArg(countArg, &b.sink)
			}
			_ = l.CallSoonArg(fillArg, b)
		}
		b.finish = func() { b.end(); l.Stop() }
		b.fill()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b.metrics()
}

// entry is a callback in a queue that is not the engine's.
type entry struct {
	fn  func(any)
	arg any
}

// sliceBatch is the least a queue can do: append, call, clear. It makes no
// system call.
func sliceBatch(_ context.Context, t Task) (Metrics, error) {
	b := newBatch(t)
	var queue, spare []entry
	over := false
	b.schedule = func() {
		for range b.size {
			queue = append(queue, entry{countArg, &b.sink})
		}
		queue = append(queue, entry{fillArg, b})
	}
	b.finish = func() { b.end(); over = true }
	b.fill()
	for !over {
		queue, spare = spare[:0], queue
		for i := range spare {
			e := spare[i]
			spare[i] = entry{}
			e.fn(e.arg)
		}
	}
	return b.metrics()
}

// channelBatch is a goroutine that runs what comes through a channel.
func channelBatch(_ context.Context, t Task) (Metrics, error) {
	b := newBatch(t)
	queue := make(chan entry, b.size+1)
	b.schedule = func() {
		for range b.size {
			queue <- entry{countArg, &b.sink}
		}
		queue <- entry{fillArg, b}
	}
	b.finish = func() { b.end(); close(queue) }
	queue <- entry{fillArg, b}
	runQueue(queue)
	return b.metrics()
}

// runQueue makes the calls that come through a channel, on a goroutine of their
// own, until it is closed.
func runQueue(queue <-chan entry) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for e := range queue {
			e.fn(e.arg)
		}
	}()
	<-over
}

// chain is the steps of a callback that schedules itself. The first ones are
// warm-up.
type chain struct {
	meter
	step, steps int64
}

const chainWarmup = 1000

func newChain(t Task) *chain { return &chain{steps: t.Param("steps") + chainWarmup} }

// more counts a step and tells whether another one follows.
func (c *chain) more() bool {
	switch c.step {
	case chainWarmup:
		c.begin()
	case c.steps:
		c.end()
		return false
	}
	c.step++
	return true
}

func (c *chain) metrics() Metrics { return c.per(c.steps - chainWarmup) }

// loopChain is the chain as a user writes it.
type loopChain struct {
	*chain
	loop *engine.Loop
	far  engine.Timer
}

func loopChainArg(arg any) {
	c := arg.(*loopChain)
	if !c.more() {
		c.loop.Unschedule(&c.far)
		c.loop.Stop()
		return
	}
	_ = c.loop.CallSoonArg(loopChainArg, c)
}

func engineChain(ctx context.Context, t Task) (Metrics, error) {
	c := &loopChain{chain: newChain(t)}
	c.far.Init(func(any) {}, nil)
	err := runLoop(ctx, engine.Config{PollEvery: int(t.Param("poll_every"))}, func(l *engine.Loop) error {
		c.loop = l
		if t.Param("timer") == farTimer {
			if err := l.Schedule(&c.far, l.Time()+time.Hour); err != nil {
				return err
			}
		}
		return l.CallSoonArg(loopChainArg, c)
	})
	return c.metrics(), err
}

// queueChain is the chain through a channel.
type queueChain struct {
	*chain
	queue chan entry
}

func queueChainArg(arg any) {
	c := arg.(*queueChain)
	if !c.more() {
		close(c.queue)
		return
	}
	c.queue <- entry{queueChainArg, c}
}

func channelChain(_ context.Context, t Task) (Metrics, error) {
	c := &queueChain{chain: newChain(t), queue: make(chan entry, 1)}
	c.queue <- entry{queueChainArg, c}
	runQueue(c.queue)
	return c.metrics(), nil
}
