package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/engine"
)

// eachScenario asks four loops one thing, at the same time, and waits for all.
func eachScenario() Scenario {
	return Scenario{
		Name:        "group/each",
		Description: "a goroutine that asks 4 loops for a value, by a task on each, and waits for all",
		Params:      Params{"loops": 4, "rounds": 10_000},
		Quick:       Params{"rounds": 1000},
		Work:        "rounds",
		Metrics:     []Metric{{Name: "time", Unit: "ns/round"}, {Name: "allocs", Unit: "allocs/round"}},
		Place:       onAllCores,
		Sides: []Side{
			{Name: "engine", Kind: Engine, Run: engineEach},
			bellEachSide(),
			{Name: "channel", Kind: Peer, Run: channelEach},
		},
	}
}

// errSum is values that are not those of the loops.
var errSum = errors.New("the values are not those of the loops")

// askAll measures rounds, each of which sums what all have answered: 1.
func askAll(t Task, round func() (int64, error)) (Metrics, error) {
	n, loops := t.Param("rounds"), t.Param("loops")
	rounds := func(n int64) error {
		for range n {
			if sum, err := round(); err != nil || sum != loops {
				return errors.Join(errSum, err)
			}
		}
		return nil
	}
	if err := rounds(n/10 + 1); err != nil {
		return nil, err
	}
	var m meter
	m.begin()
	err := rounds(n)
	m.end()
	return m.per(n), err
}

func engineEach(ctx context.Context, t Task) (m Metrics, err error) {
	g, err := engine.NewGroup(int(t.Param("loops")), engine.Config{})
	if err == nil {
		err = g.Start()
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		_, end := g.Shutdown(ctx)
		err = errors.Join(err, end)
	}()
	one := func(context.Context, *engine.Loop) (int64, error) { return 1, nil }
	return askAll(t, func() (sum int64, err error) {
		values, err := engine.GatherEach(ctx, g, one)
		for _, v := range values {
			sum += v
		}
		return sum, err
	})
}

// channelEach is a goroutine in place of each loop, with a channel of its own.
func channelEach(_ context.Context, t Task) (Metrics, error) {
	loops := int(t.Param("loops"))
	answers := make(chan int64, loops)
	var asked []chan func() int64
	for range loops {
		calls := make(chan func() int64)
		defer close(calls)
		asked = append(asked, calls)
		go func() {
			for fn := range calls {
				answers <- fn()
			}
		}()
	}
	one := func() int64 { return 1 }
	return askAll(t, func() (sum int64, err error) {
		for _, calls := range asked {
			calls <- one
		}
		for range asked {
			sum += <-answers
		}
		return sum, nil
	})
}
