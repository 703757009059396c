package bench

import (
	"slices"

	"github.com/shardloop/shardloop/bench/stat"
)

// Measurement is what came out of the rounds of one scenario. A round holds at
// most one sample of each side, taken next to each other in time: the pairs of
// the statistics are the sides of one round.
type Measurement struct {
	Scenario *Scenario
	Params   Params
	Sides    []Side // those that could run
	rounds   []map[string]Metrics
}

// Rounds is how many rounds hold a sample.
func (m *Measurement) Rounds() int {
	n := 0
	for _, r := range m.rounds {
		if len(r) > 0 {
			n++
		}
	}
	return n
}

// Values are a side's samples of a metric in the order of the rounds.
func (m *Measurement) Values(side, metric string) []float64 {
	a, _ := m.Pairs(side, side, metric)
	return a
}

// Pairs are the samples of a metric in the rounds that hold both sides.
func (m *Measurement) Pairs(a, b, metric string) (as, bs []float64) {
	for _, round := range m.rounds {
		x, okA := round[a][metric]
		y, okB := round[b][metric]
		if okA && okB {
			as, bs = append(as, x), append(bs, y)
		}
	}
	return as, bs
}

// Ratio is the median of side's pair ratios to the side base.
func (m *Measurement) Ratio(side, base, metric string) stat.Interval {
	return stat.Median(stat.Ratios(m.Pairs(side, base, metric)))
}

// store keeps one sample.
func (m *Measurement) store(round int, side string, values Metrics) {
	for len(m.rounds) <= round {
		m.rounds = append(m.rounds, nil)
	}
	if m.rounds[round] == nil {
		m.rounds[round] = map[string]Metrics{}
	}
	m.rounds[round][side] = values
}

// order is the order of n sides in a round: there and back, which for two sides
// is ABBA. A drift of the machine then falls on all of them alike.
func order(round, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	if round%2 == 1 {
		slices.Reverse(out)
	}
	return out
}
