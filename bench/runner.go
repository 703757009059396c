package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// runner takes samples for Run and Bars: it knows which sides can run here
// and writes the raw file.
type runner struct {
	cfg    Config
	launch launcher
	raw    *rawFile
	env    Environment
	start  time.Time
	at     Position

	mu     sync.Mutex // of what idle samples share
	end    EndLine
	failed []error
}

func newRunner(ctx context.Context, cfg Config) (*runner, error) {
	if cfg.Command == nil {
		exe, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cfg.Command = []string{exe, "sample"}
	}
	if cfg.Serve == nil {
		cfg.Serve = []string{cfg.Command[0], "serve"}
	}
	if cfg.Seed == 0 {
		cfg.Seed = uint64(time.Now().UnixNano())
	}
	r := &runner{
		cfg:    cfg,
		launch: launcher{command: cfg.Command, serve: cfg.Serve, python: pythons{}, cores: cores()},
		raw:    newRawFile(cfg.Raw),
		env:    environment(ctx),
		start:  time.Now(),
	}
	r.env.Seed, r.env.Quick = cfg.Seed, cfg.Quick
	r.env.Pinned = r.launch.cores.note == ""
	if !r.env.Pinned {
		cfg.note(r.launch.cores.note)
	}
	r.raw.write(Line{Kind: "environment", Environment: &r.env})
	if cfg.Began != nil {
		cfg.Began(r.env)
	}
	return r, nil
}

// plan is the sides of a scenario that can run, and how often.
type plan struct {
	sc     *Scenario
	sides  []Side
	rounds int
	stride map[string]int // a side is sampled in every stride-th round; 0: in each
}

func (p *plan) samples() int {
	n := 0
	for _, s := range p.sides {
		stride := max(p.stride[s.Name], 1)
		n += (p.rounds + stride - 1) / stride
	}
	return n
}

// plan leaves out the sides that are not there, with a note for each, or fails
// for a peer that is required.
func (r *runner) plan(ctx context.Context, sc *Scenario, rounds int, told map[string]bool) (plan, error) {
	p := plan{sc: sc, rounds: rounds}
	for _, side := range sc.Sides {
		why := cmp.Or(side.Missing, side.Lacks)
		if side.Script != nil && r.launch.python.find(ctx, side.Script) == "" {
			why = side.Script.missing()
		}
		if side.Server != nil {
			_, why = r.launch.server(ctx, side.Server)
		}
		if ctx.Err() != nil {
			return p, ctx.Err() // an interpreter that was cut short is not missing
		}
		if why == "" {
			p.sides = append(p.sides, side)
			continue
		}
		if r.cfg.RequirePeers && side.Kind == Peer && side.Lacks == "" {
			return p, fmt.Errorf("%w: %s: %s", ErrPeerMissing, side.Name, why)
		}
		if text := "without " + side.Kind.String() + " " + side.Name + ": " + why; !told[text] {
			told[text] = true
			r.cfg.note(text)
		}
	}
	return p, nil
}

// measure takes the rounds of p. A side whose sample has failed is left out of what
// follows; the failure is kept for close.
func (r *runner) measure(ctx context.Context, p plan, attempt int) *Measurement {
	m := &Measurement{Scenario: p.sc, Params: p.sc.Params, Sides: p.sides}
	if r.cfg.Quick {
		m.Params = m.Params.with(p.sc.Quick)
	}
	r.at.Scenario, r.at.Rounds, r.at.Attempt = p.sc.Name, p.rounds, attempt
	if p.sc.Idle {
		r.allAtOnce(ctx, p, m)
		return m
	}
	broken := map[string]bool{}
	for round := range p.rounds {
		for position, i := range order(round, len(p.sides)) {
			side := p.sides[i]
			if ctx.Err() != nil || broken[side.Name] || round%max(p.stride[side.Name], 1) != 0 {
				continue
			}
			r.progress(side.Name, round)
			broken[side.Name] = !r.sample(ctx, m, side, round, position)
		}
	}
	return m
}

// allAtOnce takes the samples of an idle scenario side by side.
func (r *runner) allAtOnce(ctx context.Context, p plan, m *Measurement) {
	r.progress("all sides", 0)
	var wg sync.WaitGroup
	for round := range p.rounds {
		for position, side := range p.sides {
			if round%max(p.stride[side.Name], 1) == 0 {
				wg.Go(func() { r.sample(ctx, m, side, round, position) })
			}
		}
	}
	wg.Wait()
}

// sample takes one sample; false when it failed. A peer gets a second chance, which
// is noted: its faults are not ours to mend.
func (r *runner) sample(ctx context.Context, m *Measurement, side Side, round, position int) bool {
	err := r.attempt(ctx, m, side, round, position)
	if err != nil && side.Kind == Peer {
		r.told(fmt.Sprintf("taken once more: %v", err))
		err = r.attempt(ctx, m, side, round, position)
	}
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed = append(r.failed, err)
	}
	return err == nil && ctx.Err() == nil
}

func (r *runner) told(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.note(text)
}

// attempt takes one sample and stores what comes of it. One that the user cuts short
// is no failure.
func (r *runner) attempt(ctx context.Context, m *Measurement, side Side, round, position int) error {
	line := SampleLine{
		Scenario: m.Scenario.Name, Side: side.Name, Kind: side.Kind.String(), Params: m.Params, Procs: m.Scenario.Place.Procs,
		Attempt: r.at.Attempt, Round: round, Position: position, Start: time.Now().UTC(),
	}
	s, err := r.launch.run(ctx, m.Scenario, side, r.spec(m, side, round))
	line.Seconds = time.Since(line.Start).Seconds()
	if ctx.Err() != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end.Samples++
	if err != nil {
		line.Error = err.Error()
		r.end.Failed++
	} else {
		line.Metrics = s.Metrics
		m.store(round, side.Name, s.Metrics)
	}
	r.raw.write(Line{Kind: "sample", Sample: &line})
	return err
}

// spec gives the sides of one round the same seed.
func (r *runner) spec(m *Measurement, side Side, round int) Spec {
	s := Spec{
		Scenario: m.Scenario.Name, Side: side.Name, Params: m.Params, Seed: r.env.Seed + uint64(round),
		ClientCPU: -1, ServerCPU: -1,
	}
	if m.Scenario.Place.Cores == OneCore {
		s.ClientCPU, s.ServerCPU = r.launch.cores.client, r.launch.cores.server
	}
	return s
}

func (r *runner) progress(side string, round int) {
	r.at.Side, r.at.Round = side, round+1
	r.at.SinceStart, r.at.TakenSoFar = time.Since(r.start), r.end.Samples
	if r.cfg.Progress != nil {
		r.cfg.Progress.Sampling(r.at)
	}
}

// close ends the raw file and returns what went wrong on the way.
func (r *runner) close(ctx context.Context) error {
	if r.cfg.Progress != nil {
		r.cfg.Progress.Done()
	}
	r.end.Interrupted = ctx.Err() != nil
	r.end.Seconds = time.Since(r.start).Seconds()
	r.raw.write(Line{Kind: "end", End: &r.end})
	return errors.Join(errors.Join(r.failed...), r.raw.err, ctx.Err())
}
