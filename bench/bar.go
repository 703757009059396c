package bench

import (
	"math"
	"regexp"

	"github.com/shardloop/shardloop/bench/stat"
)

// Bar is a promise about one metric of one side of a scenario.
type Bar struct {
	Scenario string
	Side     string
	Metric   string
	Measure  Measure
	Against  []string // the sides to compare with: the one that turns out best; none for absolute bars
	Unit     string
	Rule     stat.Rule
	Tag      string // tells it apart from other bars on the metric
}

// Measure is how a bar condenses the samples.
type Measure uint8

const (
	// Ratio is the median of the pair ratios.
	Ratio Measure = iota
	// Difference is the median of the pair differences.
	Difference
	// Absolute is the median itself.
	Absolute
	// Worst is the worst sample: for what must never happen.
	Worst
)

// Name is the bar's name: scenario, metric, the side where a scenario has several
// of the engine, and the tag.
func (b *Bar) Name() string {
	name := b.Scenario + " " + b.Metric
	if b.Side != "engine" {
		name += " of " + b.Side
	}
	if b.Tag != "" {
		name += " " + b.Tag
	}
	return name
}

// BarResult is one judgement of one bar, in the shape of `bars --json`.
type BarResult struct {
	Bar      string       `json:"bar"`
	Measured float64      `json:"measured"`
	Low      float64      `json:"low"`
	High     float64      `json:"high"`
	Sense    stat.Sense   `json:"sense"`
	Limit    float64      `json:"limit"`
	Unit     string       `json:"unit"`
	Verdict  stat.Verdict `json:"verdict"`
}

// judge applies the bar to a measurement; false when it holds no figures for
// it, or none that a number can say.
func (b *Bar) judge(m *Measurement) (BarResult, bool) {
	i, unit := b.interval(m)
	if math.IsNaN(i.Median) || !i.Finite() {
		return BarResult{}, false
	}
	return BarResult{
		Bar: b.Name(), Measured: i.Median, Low: i.Low, High: i.High,
		Sense: b.Rule.Sense, Limit: b.Rule.Limit, Unit: unit, Verdict: b.Rule.Judge(i),
	}, true
}

func (b *Bar) interval(m *Measurement) (stat.Interval, string) {
	switch b.Measure {
	case Absolute:
		return stat.Median(m.Values(b.Side, b.Metric)), b.Unit
	case Worst:
		return stat.Worst(m.Values(b.Side, b.Metric)), b.Unit
	}
	base := b.best(m)
	mine, other := m.Pairs(b.Side, base, b.Metric)
	if b.Measure == Difference {
		return stat.Median(stat.Differences(mine, other)), b.Unit
	}
	return stat.Median(stat.Ratios(mine, other)), "x " + base
}

// best is the side of Against with the lowest median. It is chosen over all
// rounds: the lower of two noisy figures in each round would be lower than
// either side is.
func (b *Bar) best(m *Measurement) string {
	best, lowest := b.Against[0], math.Inf(1)
	for _, side := range b.Against {
		if v := stat.Median(m.Values(side, b.Metric)).Median; v < lowest {
			best, lowest = side, v
		}
	}
	return best
}

// needs tells whether the bar cannot be judged without the side.
func (b *Bar) needs(side string) bool {
	if b.Side == side {
		return true
	}
	for _, s := range b.Against {
		if s == side {
			return true
		}
	}
	return false
}

// SelectBars returns the bars whose names match filter; nil takes all.
func SelectBars(all []Bar, filter *regexp.Regexp) []Bar {
	var out []Bar
	for _, b := range all {
		if filter == nil || filter.MatchString(b.Name()) {
			out = append(out, b)
		}
	}
	return out
}
