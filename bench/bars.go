package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/shardloop/shardloop/bench/stat"
)

// Attempts is how often an unclear bar is measured before it counts as failed.
const Attempts = 3

// peerStride thins out the sides that no bar asks for: three samples are enough
// to report them beside the bars.
const peerStride = BarRounds / 3

// ErrBar means that a bar was not reached.
var ErrBar = errors.New("a bar failed")

// Bars measures the scenarios of the selected bars and hands over every
// judgement, and every Measurement behind it, as it is made. Config.Filter
// selects bars by name.
//
// A bar is unclear when its limit lies inside the interval. The sides it needs
// are then measured again, up to Attempts times in all; each judgement is handed
// over, and the last one of a bar that stayed unclear says fail. A bar that was
// clear stays as it is when its scenario is measured again for another one.
//
// The error joins ErrBar when a bar failed with those of Run. A bar whose
// samples failed, or that was not measured to the end because ctx ended, is not
// judged.
func Bars(ctx context.Context, cfg Config, bars []Bar, judged func(BarResult), measured func(*Measurement)) error {
	bars = SelectBars(bars, cfg.Filter)
	scenarios := slices.DeleteFunc(slices.Clone(cfg.suite()), func(sc Scenario) bool { return len(of(bars, sc.Name)) == 0 })
	if len(scenarios) == 0 {
		return ErrNothing
	}
	r, err := newRunner(ctx, cfg)
	if err != nil {
		return err
	}
	plans, err := r.plans(ctx, scenarios, func(sc *Scenario) int { return r.barRounds(sc) })
	if err != nil {
		return errors.Join(err, r.close(ctx))
	}
	j := &judge{runner: r, judged: judged, measured: measured}
	for i, p := range plans {
		r.at.Number = i + 1
		j.scenario(ctx, p, of(bars, p.sc.Name))
	}
	if j.failed > 0 {
		return errors.Join(fmt.Errorf("%w: %d of %d", ErrBar, j.failed, len(bars)), r.close(ctx))
	}
	return r.close(ctx)
}

func (r *runner) barRounds(sc *Scenario) int {
	if r.cfg.Rounds > 0 {
		return r.cfg.Rounds
	}
	return max(sc.Rounds, BarRounds)
}

func of(bars []Bar, scenario string) []Bar {
	return slices.DeleteFunc(slices.Clone(bars), func(b Bar) bool { return b.Scenario != scenario })
}

// judge measures and judges one scenario after the other.
type judge struct {
	*runner
	judged   func(BarResult)
	measured func(*Measurement)
	failed   int
}

func (j *judge) scenario(ctx context.Context, p plan, open []Bar) {
	open = slices.DeleteFunc(open, func(b Bar) bool { return j.cannot(&b, p.sides) })
	p.stride = strides(p.sides, open)
	for attempt := 1; attempt <= Attempts && len(open) > 0; attempt++ {
		if attempt > 1 {
			p.sides = slices.DeleteFunc(slices.Clone(p.sides), func(s Side) bool { return !needed(open, s) })
			j.at.Planned += p.samples()
		}
		m := j.measure(ctx, p, attempt)
		if ctx.Err() != nil {
			return
		}
		if j.measured != nil {
			j.measured(m)
		}
		open = slices.DeleteFunc(open, func(b Bar) bool { return j.settles(&b, m, attempt) })
	}
}

// cannot notes a bar that this platform has not all sides for.
func (j *judge) cannot(b *Bar, sides []Side) bool {
	for _, name := range append([]string{b.Side}, b.Against...) {
		if !slices.ContainsFunc(sides, func(s Side) bool { return s.Name == name }) {
			j.cfg.note("bar " + b.Name() + " is not measured: without side " + name)
			return true
		}
	}
	return false
}

// settles judges one bar; false asks for another attempt.
func (j *judge) settles(b *Bar, m *Measurement, attempt int) bool {
	result, ok := b.judge(m)
	if !ok {
		j.broken(b)
		return true
	}
	unclear := result.Verdict == stat.Unclear
	if unclear && attempt == Attempts {
		result.Verdict = stat.Fail
	}
	if result.Verdict == stat.Fail {
		j.failed++
	}
	j.raw.write(Line{Kind: "bar", Bar: &result})
	j.judged(result)
	return result.Verdict != stat.Unclear
}

// broken keeps a bar without figures from passing in silence.
func (j *judge) broken(b *Bar) {
	j.runner.failed = append(j.runner.failed, fmt.Errorf("%w: bar %q has no figures to be judged by", ErrSample, b.Name()))
}

// strides samples what the bars need in every round.
func strides(sides []Side, bars []Bar) map[string]int {
	out := map[string]int{}
	for _, side := range sides {
		if !needed(bars, side) {
			out[side.Name] = peerStride
		}
	}
	return out
}

func needed(bars []Bar, side Side) bool {
	return slices.ContainsFunc(bars, func(b Bar) bool { return b.needs(side.Name) })
}
