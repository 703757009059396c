package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMedianOfFew(t *testing.T) {
	for _, c := range []struct {
		values []float64
		median float64
		finite bool
	}{
		{nil, math.NaN(), false},
		{[]float64{3}, 3, false},
		{[]float64{1, 2, 3, 4, 5}, 3, false},
		{[]float64{6, 5, 4, 3, 2, 1}, 3.5, true},
	} {
		i := Median(c.values)
		if i.N != len(c.values) || i.Finite() != c.finite {
			t.Errorf("Median(%v) = %+v, finite %v; want %d values, finite %v", c.values, i, i.Finite(), len(c.values), c.finite)
		}
		if i.Median != c.median && !(math.IsNaN(i.Median) && math.IsNaN(c.median)) {
			t.Errorf("Median(%v) = %v, want %v", c.values, i.Median, c.median)
		}
	}
}

// The bounds for 15 values are order statistics: the binomial distribution
// gives the 4th and the 12th for 95 %.
func TestMedianBounds(t *testing.T) {
	values := make([]float64, 15)
	for i := range values {
		values[i] = float64(i + 1)
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	before := slices.Clone(values)
	if i := Median(values); i.Median != 8 || i.Low != 4 || i.High != 12 {
		t.Errorf("Median(1..15) = %+v, want 8 [4, 12]", i)
	}
	if !slices.Equal(values, before) {
		t.Error("Median reordered its argument, which is paired with another")
	}
}

// Whatever the distribution, the interval holds the true median in 95 of 100
// trials or more.
func TestMedianCoverage(t *testing.T) {
	const trials, seed = 2000, 42
	r := rand.New(rand.NewPCG(seed, 0))
	held := 0
	for range trials {
		values := make([]float64, 15)
		for i := range values {
			values[i] = r.ExpFloat64() // median ln 2
		}
		if i := Median(values); i.Low <= math.Ln2 && math.Ln2 <= i.High {
			held++
		}
	}
	if held < trials*94/100 {
		t.Errorf("seed %d: the interval held the median in %d of %d trials", seed, held, trials)
	}
}

func TestPairs(t *testing.T) {
	a, b := []float64{2, 9, 0, 5}, []float64{1, 3, 0}
	if got := Ratios(a, b); !slices.Equal(got, []float64{2, 3, 1}) {
		t.Errorf("Ratios = %v", got)
	}
	if got := Differences(a, b); !slices.Equal(got, []float64{1, 6, 0}) {
		t.Errorf("Differences = %v", got)
	}
	if got := Ratios([]float64{1}, []float64{0}); !math.IsInf(got[0], 1) {
		t.Errorf("1/0 = %v, want +Inf", got)
	}
}

func TestWorst(t *testing.T) {
	if i := Worst([]float64{0, 2, 1}); i.Low != 2 || i.High != 2 || i.Median != 2 || i.N != 3 {
		t.Errorf("Worst = %+v", i)
	}
	if i := Worst(nil); !math.IsNaN(i.Median) {
		t.Errorf("Worst of nothing = %+v", i)
	}
}
