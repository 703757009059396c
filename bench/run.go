package bench

import (
	"context"
	"errors"
)

// Run measures the selected scenarios and hands each Measurement to each as
// soon as it is complete. When ctx ends, the scenario under way is handed over
// with the rounds it has.
//
// The error joins every failed sample (ErrSample), what became of the raw file
// and ctx.Err(); the measurements handed over stand regardless. ErrNothing and
// ErrPeerMissing come before anything was measured.
func Run(ctx context.Context, cfg Config, each func(*Measurement)) error {
	rounds := cfg.Rounds
	if rounds == 0 {
		rounds = RunRounds
		if cfg.Quick {
			rounds = QuickRounds
		}
	}
	scenarios := Select(cfg.suite(), cfg.Filter)
	if len(scenarios) == 0 {
		return ErrNothing
	}
	r, err := newRunner(ctx, cfg)
	if err != nil {
		return err
	}
	plans, err := r.plans(ctx, scenarios, func(*Scenario) int { return rounds })
	if err != nil {
		return errors.Join(err, r.close(ctx))
	}
	for i, p := range plans {
		if ctx.Err() != nil {
			break
		}
		r.at.Number = i + 1
		if m := r.measure(ctx, p, 1); m.Rounds() > 0 {
			each(m)
		}
	}
	return r.close(ctx)
}

// plans decides what will be sampled, before anything is.
func (r *runner) plans(ctx context.Context, scenarios []Scenario, rounds func(*Scenario) int) ([]plan, error) {
	told := map[string]bool{}
	var out []plan
	for i := range scenarios {
		p, err := r.plan(ctx, &scenarios[i], rounds(&scenarios[i]), told)
		if err != nil {
			return nil, err
		}
		r.at.Planned += p.samples()
		out = append(out, p)
	}
	r.at.Scenarios = len(out)
	return out, nil
}
