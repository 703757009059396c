// Package stat holds the arithmetic of loopbench's results: medians with a
// distribution-free interval, pairs, and the verdict of a bar.
//
// Benchmark noise is neither normal nor independent: machines drift and
// neighbours come and go. So sides are measured in pairs, next to each other in
// time, and the statistic is the median of what the pairs say, with the
// interval that order statistics give without any assumption about its shape.
package stat

import (
	"math"

	"golang.org/x/perf/benchmath"
)

// Confidence of every interval.
const Confidence = 0.95

// MinFinite is the smallest number of values whose order statistics bound the
// median with 95 % confidence; with fewer the interval is infinite.
const MinFinite = 6

// Interval is a median and what bounds it with 95 % confidence.
type Interval struct {
	Median, Low, High float64
	N                 int // values it was made of
}

// Finite tells whether there were enough values for bounds.
func (i Interval) Finite() bool {
	return i.N > 0 && !math.IsInf(i.Low, 0) && !math.IsInf(i.High, 0)
}

// Median summarises values. Without values everything is NaN.
func Median(values []float64) Interval {
	if len(values) == 0 {
		return Interval{Median: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	s := benchmath.NewSample(append([]float64(nil), values...), &benchmath.DefaultThresholds)
	sum := benchmath.AssumeNothing.Summary(s, Confidence)
	return Interval{Median: sum.Center, Low: sum.Lo, High: sum.Hi, N: len(values)}
}

// Worst is the largest value as an interval of no width: the statistic of a
// promise that no sample may break.
func Worst(values []float64) Interval {
	worst := math.Inf(-1)
	for _, v := range values {
		worst = max(worst, v)
	}
	if len(values) == 0 {
		worst = math.NaN()
	}
	return Interval{Median: worst, Low: worst, High: worst, N: len(values)}
}

// Ratios divides pair by pair. Both sides idle (0/0) count as equal.
func Ratios(a, b []float64) []float64 {
	out := make([]float64, min(len(a), len(b)))
	for i := range out {
		out[i] = a[i] / b[i]
		if a[i] == 0 && b[i] == 0 {
			out[i] = 1
		}
	}
	return out
}

// Differences subtracts pair by pair.
func Differences(a, b []float64) []float64 {
	out := make([]float64, min(len(a), len(b)))
	for i := range out {
		out[i] = a[i] - b[i]
	}
	return out
}
