package bench

import (
	"context"
	"runtime"
	"sync"

	"github.com/shardloop/shardloop/engine"
)

// doneScenario measures a future with a callback, without any task.
func doneScenario() Scenario {
	return Scenario{
		Name:        "tasks/callbacks",
		Description: "NewFuture, AddDoneCallback and SetResult 1,000 times in one turn, the callbacks in the next",
		Params:      Params{"size": 1000, "rounds": 1000, "script_rounds": 50},
		Quick:       Params{"rounds": 300, "script_rounds": 10},
		Metrics:     []Metric{perCall, allocsPerCall},
		Sides:       []Side{{Name: "engine", Kind: Engine, Run: engineDone}},
	}
}

func engineDone(ctx context.Context, t Task) (Metrics, error) {
	done := func(*engine.Future[struct{}]) {}
	return runTurns(ctx, t, func(l *engine.Loop) {
		f := engine.NewFuture[struct{}](l)
		f.AddDoneCallback(done)
		_ = f.SetResult(struct{}{})
	})
}

// gatherScenario measures a task that makes others and waits for them all.
func gatherScenario() Scenario {
	return Scenario{
		Name:        "tasks/gather-1000",
		Description: "Gather 1,000 tasks that each Sleep(ctx, 0) once: the whole, for each task",
		Params:      Params{"size": 1000, "rounds": 500, "script_rounds": 20},
		Quick:       Params{"rounds": 150, "script_rounds": 10},
		Metrics:     []Metric{perTask, allocsPerTask},
		Sides: []Side{
			{Name: "engine", Kind: Engine, Run: engineGather},
			{Name: "goroutine", Kind: Peer, Run: goroutineGather},
		},
	}
}

func engineGather(ctx context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	err := runMain(ctx, func(ctx context.Context, l *engine.Loop) error {
		children := make([]*engine.Task[struct{}], r.size)
		for r.more() {
			for i := range children {
				children[i] = engine.CreateTask(l, nap, engine.TaskOptions{})
			}
			if _, err := engine.Await(ctx, engine.Gather(children...)); err != nil {
				return err
			}
		}
		return nil
	})
	return r.metrics(), err
}

func nap(ctx context.Context) (struct{}, error) { return struct{}{}, engine.Sleep(ctx, 0) }

// goroutineGather is goroutines that let the others run once.
func goroutineGather(_ context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	var wg sync.WaitGroup
	for r.more() {
		for range r.size {
			wg.Go(runtime.Gosched)
		}
		wg.Wait()
	}
	return r.metrics(), nil
}
