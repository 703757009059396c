package bench

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// The script of the tasks is as many programs as there are scenarios, and each
// answers with the first metric of its own.
func TestSmokeTaskScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an interpreter for each")
	}
	for _, sc := range tiny(taskScenarios()) {
		sc.Sides = slices.DeleteFunc(sc.Sides, func(s Side) bool { return s.Script == nil })
		t.Run(strings.TrimPrefix(sc.Name, "tasks/"), func(t *testing.T) { smokeScripts(t, sc) })
	}
}

func smokeScripts(t *testing.T, sc Scenario) {
	cfg := testConfig(t, sc)
	cfg.Rounds = 1
	measured := func(m *Measurement) {
		for _, side := range m.Sides {
			if got := m.Values(side.Name, sc.Metrics[0].Name); len(got) != 1 || got[0] <= 0 {
				t.Errorf("side %s: %s is %v", side.Name, sc.Metrics[0].Name, got)
			}
		}
	}
	if err := Run(t.Context(), cfg, measured); err != nil {
		t.Error(err)
	}
}

// A relay's clock begins after the warm-up, and knows how much it has measured.
func TestRelay(t *testing.T) {
	const size, rounds = 1000, 3
	r := newRelay(Task{Spec{Params: Params{"size": size, "rounds": rounds}}})
	counted, warm := int64(0), int64(0)
	for r.more() {
		if r.start.IsZero() {
			warm++
		} else {
			counted++
		}
	}
	if warm*size < relayWarmup || counted != rounds {
		t.Errorf("%d laps of warm-up and %d that count, want %d and %d", warm, counted, relayWarmup/size, rounds)
	}
	r.took, r.mallocs = 6000, size*rounds+3
	if m := r.metrics(); m["time"] != 2 || m["allocs"] != 1.001 {
		t.Errorf("metrics %v, want 2 ns and 1.001 allocations", m)
	}
}

// Allocations are told as they are: three in ten thousand operations count.
func TestRelayRoundsNoAllocation(t *testing.T) {
	r := newRelay(Task{Spec{Params: Params{"size": 1000, "rounds": 10}}})
	r.took, r.mallocs = 1, 3
	if m := r.metrics(); m["allocs"] != 0.0003 {
		t.Errorf("allocations %v, want 0.0003", m["allocs"])
	}
}

// In each lap of a pack every task makes one trip.
func TestPackCountsTrips(t *testing.T) {
	const size, rounds = 5, 4
	trips, laps := int64(0), int64(0)
	task := Task{Spec{Params: Params{"size": size, "rounds": rounds}}}
	m, err := runPack(t.Context(), task, func(ctx context.Context, p *pack, lead bool) error {
		for p.goes(lead) {
			trips++
			if err := engine.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		laps = p.laps
		return nil
	})
	if err != nil || trips != size*laps || m["time"] <= 0 {
		t.Errorf("%d trips in %d laps of %d tasks, %v, %v", trips, laps, size, m, err)
	}
}

// A task that fails brings the others home, the one that leads too, and the
// sample fails.
func TestPackFails(t *testing.T) {
	wrong, led := errors.New("wrong"), 0
	task := Task{Spec{Params: Params{"size": 5, "rounds": 4}}}
	_, err := runPack(t.Context(), task, func(ctx context.Context, p *pack, lead bool) error {
		for p.goes(lead) {
			if !lead {
				return wrong
			}
			led++
			if err := engine.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, wrong) || led != 1 {
		t.Errorf("error %v after %d laps, want that of the task, in the first", err, led)
	}
}

// What a lap of turns schedules has run before the next one begins.
func TestTurnsHaveWholeLaps(t *testing.T) {
	const size, rounds = 4000, 3
	made, ran := 0, 0
	task := Task{Spec{Params: Params{"size": size, "rounds": rounds}}}
	_, err := runTurns(t.Context(), task, func(l *engine.Loop) {
		if ran != made/size*size {
			t.Errorf("%d of %d have run", ran, made)
		}
		made++
		l.CallSoon(func() { ran++ })
	})
	if want := size*rounds + relayWarmup; err != nil || made != want || ran != want {
		t.Errorf("%d made and %d run, want %d; %v", made, ran, want, err)
	}
}

// An error of the task is one of the sample.
func TestRunMainFails(t *testing.T) {
	wrong := errors.New("wrong")
	err := runMain(t.Context(), func(context.Context, *engine.Loop) error { return wrong })
	if !errors.Is(err, wrong) {
		t.Errorf("error %v, want that of the task", err)
	}
}

// Tasks are measured on one core, and what a profile takes more of is rounds.
func TestTaskScenariosArePinned(t *testing.T) {
	for _, sc := range taskScenarios() {
		if sc.Place != onOneCore || sc.Work != "rounds" {
			t.Errorf("%s: placed %v, work %q", sc.Name, sc.Place, sc.Work)
		}
	}
}

// What waits has a stack of its own, of two kilobytes at least.
func TestMemoryOfParkedTasks(t *testing.T) {
	sc := parkedScenario() // without the scripts
	sc.Params = Params{"parked": 5000, "rounds": 2}
	sc.Place = onOneCore
	cfg := testConfig(t, sc)
	cfg.Rounds = 1
	err := Run(t.Context(), cfg, func(m *Measurement) {
		for _, side := range sc.Sides {
			if got := m.Values(side.Name, "memory"); len(got) != 1 || got[0] < 2048 || got[0] > 20_000 {
				t.Errorf("side %s: %v bytes", side.Name, got)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}
