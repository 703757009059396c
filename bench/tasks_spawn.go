package bench

import (
	"context"
	"sync"

	"github.com/shardloop/shardloop/engine"
)

// spawnScenarios measure the whole life of a task that does nothing: 1,000 are
// made in one turn, and run in the next, one after the other, each on the
// coroutine that the one before has left.
func spawnScenarios() []Scenario {
	return []Scenario{
		spawnScenario("spawn", "CreateTask 1,000 empty functions in one turn, run them in the next", engineSpawn),
		spawnScenario("spawn-loose", "Go 1,000 empty functions in one turn, run them in the next", engineSpawnLoose),
	}
}

func spawnScenario(name, description string, run func(context.Context, Task) (Metrics, error)) Scenario {
	return Scenario{
		Name:        "tasks/" + name,
		Description: description,
		Params:      Params{"size": 1000, "rounds": 1000, "script_rounds": 50},
		Quick:       Params{"rounds": 300, "script_rounds": 10},
		Metrics:     []Metric{perTask, allocsPerTask},
		Sides: []Side{
			{Name: "engine", Kind: Engine, Run: run},
			{Name: "goroutine", Kind: Peer, Run: goroutineSpawn},
		},
	}
}

func engineSpawn(ctx context.Context, t Task) (Metrics, error) {
	empty := func(context.Context) (struct{}, error) { return struct{}{}, nil }
	return runTurns(ctx, t, func(l *engine.Loop) { engine.CreateTask(l, empty, engine.TaskOptions{}) })
}

func engineSpawnLoose(ctx context.Context, t Task) (Metrics, error) {
	empty := func(context.Context) error { return nil }
	return runTurns(ctx, t, func(l *engine.Loop) { _ = engine.Go(l, empty) })
}

// goroutineSpawn waits for the end of a lap's goroutines, as the next turn does.
func goroutineSpawn(_ context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	var wg sync.WaitGroup
	for r.more() {
		for range r.size {
			wg.Go(nothing)
		}
		wg.Wait()
	}
	return r.metrics(), nil
}

// turns is a relay on a loop whose laps are turns: do is called size times in
// one, and what it schedules runs in the next, before the laps go on.
type turns struct {
	*relay
	loop *engine.Loop
	do   func(*engine.Loop)
}

func runTurns(ctx context.Context, t Task, do func(*engine.Loop)) (Metrics, error) {
	x := &turns{relay: newRelay(t), do: do}
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		x.loop = l
		return l.CallSoonArg(turnArg, x)
	})
	return x.metrics(), err
}

func turnArg(arg any) {
	x := arg.(*turns)
	if !x.more() {
		x.loop.Stop()
		return
	}
	for range x.size {
		x.do(x.loop)
	}
	_ = x.loop.CallSoonArg(turnArg, x)
}
