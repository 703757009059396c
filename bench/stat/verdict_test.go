package stat

import (
	"math"
	"testing"
)

func TestJudge(t *testing.T) {
	ratio := Rule{Sense: AtMost, Limit: 1.1, Tolerance: Tolerance}
	atLeast := Rule{Sense: AtLeast, Limit: 2, Tolerance: Tolerance}
	absolute := Rule{Sense: AtMost, Limit: 8}
	none := Rule{Sense: AtMost}
	below := Rule{Sense: Below, Limit: 1}
	up := func(v float64) float64 { return math.Nextafter(v, math.Inf(1)) + 1e-6 }
	down := func(v float64) float64 { return v - 1e-6 }
	for _, c := range []struct {
		name      string
		rule      Rule
		low, high float64
		want      Verdict
	}{
		{"well inside", ratio, 0.9, 1.0, Pass},
		{"upper end between limit and tolerance", ratio, 1.0, 1.12, Pass},
		{"upper end on the tolerance", ratio, 1.0, 1.15, Pass},
		{"upper end above the tolerance", ratio, 1.0, up(1.15), Unclear},
		{"all between limit and tolerance", ratio, 1.11, 1.14, Pass},
		{"lower end on the tolerance", ratio, 1.15, 1.3, Unclear},
		{"lower end above the tolerance", ratio, up(1.15), 1.3, Fail},
		{"no width, on the tolerance", ratio, 1.15, 1.15, Pass},

		{"mirrored: well above", atLeast, 2.5, 3, Pass},
		{"mirrored: lower end on the tolerance", atLeast, 1.95, 3, Pass},
		{"mirrored: lower end under it", atLeast, down(1.95), 3, Unclear},
		{"mirrored: upper end on the tolerance", atLeast, 1, 1.95, Unclear},
		{"mirrored: upper end under it", atLeast, 1, down(1.95), Fail},

		{"absolute: upper end on the limit", absolute, 7, 8, Pass},
		{"absolute: no tolerance", absolute, 7, 8.01, Unclear},
		{"absolute: lower end on the limit", absolute, 8, 9, Unclear},
		{"absolute: above", absolute, 8.01, 9, Fail},
		{"none of it", none, 0, 0, Pass},
		{"none, once seen", none, 0, 0.001, Unclear},
		{"none, seen", none, 0.001, 0.001, Fail},

		{"below: whole interval under", below, 0.8, 0.99, Pass},
		{"below: upper end on one", below, 0.8, 1, Unclear},
		{"below: lower end on one", below, 1, 1.2, Fail},

		{"no bounds", ratio, math.Inf(-1), math.Inf(1), Unclear},
		{"no values", ratio, math.NaN(), math.NaN(), Unclear},
	} {
		if got := c.rule.Judge(Interval{Low: c.low, High: c.high}); got != c.want {
			t.Errorf("%s: [%v, %v] by %+v is %s, want %s", c.name, c.low, c.high, c.rule, got, c.want)
		}
	}
}

func TestSenseAsText(t *testing.T) {
	for s, sign := range map[Sense]string{AtMost: "<=", AtLeast: ">=", Below: "<"} {
		text, err := s.MarshalText()
		if err != nil || string(text) != sign {
			t.Errorf("%d is %q, %v", s, text, err)
		}
		var back Sense
		if err := back.UnmarshalText(text); err != nil || back != s {
			t.Errorf("%q is %d, %v", text, back, err)
		}
	}
	if err := new(Sense).UnmarshalText([]byte("==")); err == nil {
		t.Error("== is a sense")
	}
}
