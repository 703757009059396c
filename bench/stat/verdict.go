package stat

import (
	"fmt"
	"math"
)

// Tolerance widens the limit of a ratio: a bar `<= r x` is judged at r + 0.05,
// because two builds of one program differ by a few per cent through nothing
// but the layout of their code.
const Tolerance = 0.05

// grain absorbs binary rounding at a limit: 1.1 + 0.05 is not 1.15.
const grain = 1e-9

// Verdict is what an interval says about a bar.
type Verdict string

// Unclear means that the limit lies inside the interval.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Unclear Verdict = "unclear"
)

// Sense is the shape of a bar.
type Sense uint8

const (
	// AtMost: a ratio or difference no larger than the limit.
	AtMost Sense = iota
	// AtLeast is its mirror.
	AtLeast
	// Below: the whole interval under the limit.
	Below
)

// String is the sign of reports.
func (s Sense) String() string { return signs[s] }

var signs = [...]string{"<=", ">=", "<"}

// MarshalText makes it the sign in JSON too.
func (s Sense) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the sign.
func (s *Sense) UnmarshalText(text []byte) error {
	for i, sign := range signs {
		if sign == string(text) {
			*s = Sense(i)
			return nil
		}
	}
	return fmt.Errorf("no sense %q", text)
}

// Rule is a limit and how it is judged. Tolerance is Tolerance for ratios and 0
// for absolute limits.
type Rule struct {
	Sense     Sense
	Limit     float64
	Tolerance float64
}

// Judge compares an interval with the rule. An interval without bounds is
// unclear.
func (r Rule) Judge(i Interval) Verdict {
	if math.IsNaN(i.Low) || math.IsNaN(i.High) {
		return Unclear
	}
	switch r.Sense {
	case AtLeast:
		return side(-i.High, -i.Low, -(r.Limit - r.Tolerance))
	case Below:
		return below(i, r.Limit)
	default:
		return side(i.Low, i.High, r.Limit+r.Tolerance)
	}
}

func side(low, high, limit float64) Verdict {
	switch {
	case high <= limit+grain:
		return Pass
	case low > limit+grain:
		return Fail
	default:
		return Unclear
	}
}

func below(i Interval, limit float64) Verdict {
	switch {
	case i.High < limit:
		return Pass
	case i.Low >= limit:
		return Fail
	default:
		return Unclear
	}
}
