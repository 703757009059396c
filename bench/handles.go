package bench

import (
	"context"
	"slices"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// handleScenarios measure what the documented calls cost that return a handle:
// an object that can be cancelled and asked for ever, and so an allocation.
func handleScenarios() []Scenario {
	return []Scenario{
		{
			Name:        "handles/soon-1000",
			Description: "CallSoon 1,000 functions in one turn, run them in the next",
			Params:      Params{"size": 1000, "rounds": 2000, "script_rounds": 300},
			Work:        "rounds",
			Quick:       Params{"rounds": 1000},
			Metrics:     []Metric{perCall, allocsPerCall},
			Place:       onOneCore,
			Sides: slices.Concat([]Side{
				{Name: "engine", Kind: Engine, Run: engineHandles},
				{Name: "slice", Kind: Floor, Run: sliceHandles},
			}, pythonPeers("callbacks")),
		},
		{
			Name:        "handles/later-cancel",
			Description: "CallLater an hour ahead, then Cancel",
			Params:      Params{"calls": 2_000_000},
			Work:        "calls",
			Quick:       Params{"calls": 500_000},
			Metrics:     []Metric{perCall, allocsPerCall},
			Place:       onOneCore,
			Sides: []Side{
				{Name: "engine", Kind: Engine, Run: engineLaterCancel},
				{Name: "AfterFunc", Kind: Peer, Run: afterFuncStop},
			},
		},
	}
}

func engineHandles(ctx context.Context, t Task) (Metrics, error) {
	b := newBatch(t)
	tick, next := func() { b.count() }, func() { b.fill() }
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		b.schedule = func() {
			for range b.size {
				l.CallSoon(tick)
			}
			l.CallSoon(next)
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

// cancellable is the least a handle can be.
type cancellable struct {
	fn        func()
	cancelled bool
}

// sliceHandles is a slice of allocated callbacks, called and cleared.
func sliceHandles(_ context.Context, t Task) (Metrics, error) {
	b := newBatch(t)
	var queue, spare []*cancellable
	over := false
	tick, next := func() { b.count() }, func() { b.fill() }
	b.schedule = func() {
		for range b.size {
			queue = append(queue, &cancellable{fn: tick})
		}
		queue = append(queue, &cancellable{fn: next})
	}
	b.finish = func() { b.end(); over = true }
	b.fill()
	for !over {
		queue, spare = spare[:0], queue
		for i, h := range spare {
			if spare[i] = nil; !h.cancelled {
				h.fn()
			}
		}
	}
	return b.metrics()
}

func engineLaterCancel(ctx context.Context, t Task) (Metrics, error) {
	var m meter
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		m.begin()
		for range t.Param("calls") {
			l.CallLater(time.Hour, nothing).Cancel()
		}
		m.end()
		l.Stop()
		return nil
	})
	return m.per(t.Param("calls")), err
}

func afterFuncStop(_ context.Context, t Task) (Metrics, error) {
	var m meter
	m.begin()
	for range t.Param("calls") {
		time.AfterFunc(time.Hour, nothing).Stop()
	}
	m.end()
	return m.per(t.Param("calls")), nil
}

func nothing() {}
