package bench

import (
	"context"
	"runtime"
	"sync"

	"github.com/shardloop/shardloop/engine"
)

// parkedScenario measures the memory of tasks that wait: heap and stacks in use
// after a collection, and on the Python sides what tracemalloc counts. The first
// round is measured; the rounds after it only do the same once more.
func parkedScenario() Scenario {
	return Scenario{
		Name:        "tasks/parked",
		Description: "100,000 tasks that await one future: memory of each",
		Params:      Params{"parked": 100_000, "rounds": 1},
		Quick:       Params{"parked": 10_000},
		Metrics:     []Metric{{Name: "memory", Unit: "B/task"}},
		Sides: []Side{
			{Name: "engine", Kind: Engine, Run: engineParked},
			{Name: "goroutine", Kind: Peer, Run: goroutineParked},
		},
	}
}

// growth is how much memory came into use.
type growth struct{ before, after uint64 }

func (g *growth) begin() { g.before = inUse() }

func (g *growth) end() { g.after = inUse() }

func (g *growth) per(n int64) Metrics {
	return Metrics{"memory": (float64(g.after) - float64(g.before)) / float64(n)}
}

// inUse is the memory of heap and stacks without what is garbage. The second
// collection takes what the first one has only made free, such as stacks.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func engineParked(ctx context.Context, t Task) (m Metrics, err error) {
	err = runMain(ctx, func(ctx context.Context, l *engine.Loop) error {
		for round := range t.Param("rounds") {
			g, err := parkTasks(ctx, l, t.Param("parked"))
			if err != nil {
				return err
			}
			if round == 0 {
				m = g.per(t.Param("parked"))
			}
		}
		return nil
	})
	return m, err
}

// parkTasks makes n tasks, looks at the memory when all of them wait, and ends
// them.
func parkTasks(ctx context.Context, l *engine.Loop, n int64) (g growth, err error) {
	g.begin()
	left, gate := n, engine.NewFuture[struct{}](l)
	park := func(ctx context.Context) (v struct{}, err error) {
		v, err = engine.Await(ctx, gate)
		left--
		return v, err
	}
	for range n {
		engine.CreateTask(l, park, engine.TaskOptions{})
	}
	if err := engine.Sleep(ctx, 0); err != nil {
		return g, err
	}
	g.end()
	err = gate.SetResult(struct{}{})
	for err == nil && left > 0 {
		err = engine.Sleep(ctx, 0)
	}
	return g, err
}

func goroutineParked(_ context.Context, t Task) (m Metrics, err error) {
	for round := range t.Param("rounds") {
		g := parkGoroutines(t.Param("parked"))
		if round == 0 {
			m = g.per(t.Param("parked"))
		}
	}
	return m, nil
}

func parkGoroutines(n int64) (g growth) {
	g.begin()
	gate := make(chan struct{})
	var parking, parked sync.WaitGroup
	parking.Add(int(n))
	for range n {
		parked.Go(func() {
			parking.Done()
			<-gate
		})
	}
	parking.Wait()
	g.end()
	close(gate)
	parked.Wait()
	return g
}
