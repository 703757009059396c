package loss

import (
	"fmt"
	"slices"
	"strconv"
)

// Kind is a kind of verdict.
type Kind string

// All but All is a fault; of Absent and Broken it is the machine's, or ours.
const (
	All      Kind = "all"          // nothing was lost or doubled, and errors were told
	Lost     Kind = "lost"         // bytes that were taken did not arrive
	Extra    Kind = "too many"     // more bytes arrived than were sent
	Garbled  Kind = "wrong bytes"  // as many arrived, but others
	NoAnswer Kind = "no answer"    // the server lives and does not answer
	Died     Kind = "died"         // the server's process ended
	Late     Kind = "late"         // it serves again, but keeps others waiting
	Burns    Kind = "burns a core" // it computes instead of waiting
	Silent   Kind = "not told"     // a loss that nobody was told of
	Queues   Kind = "queues"       // it keeps in memory what a peer does not read
	Leaks    Kind = "leaks"        // descriptors of connections that are gone
	Cannot   Kind = "cannot"       // the library has no such thing
	Absent   Kind = "not here"     // the library is not on this machine
	Broken   Kind = "not measured" // the machine or the suite has failed
)

// Verdict is what came of a scenario.
type Verdict struct {
	Kind  Kind   `json:"verdict"`
	Count int64  `json:"count,omitempty"` // of bytes, descriptors or seconds
	Why   string `json:"why,omitempty"`
}

// String is the verdict without the reason.
func (v Verdict) String() string {
	switch v.Kind {
	case Lost:
		return "lost " + count(v.Count, "byte")
	case Extra:
		return count(v.Count, "byte") + " too many"
	case Queues:
		return fmt.Sprintf("queues %d MiB", v.Count>>20)
	case Late:
		return count(v.Count, "second") + " late"
	case Leaks:
		return "leaks " + count(v.Count, "descriptor")
	default:
		return string(v.Kind)
	}
}

// Fault tells whether something is wrong with the library. What is late is not
// lost.
func (v Verdict) Fault() bool {
	return !slices.Contains([]Kind{"", All, Late, Absent, Broken}, v.Kind)
}

func fault(kind Kind, format string, args ...any) Verdict {
	return Verdict{Kind: kind, Why: fmt.Sprintf(format, args...)}
}

// eightTimes does what needs luck to go wrong, and adds up what was lost.
func eightTimes(do func() Verdict) Verdict {
	const times = 8
	sum, bad := good, 0
	for range times {
		v := do()
		if v.Fault() && v.Kind != Lost {
			return v
		}
		if v.Kind == Lost {
			bad++
			sum.Kind, sum.Count = Lost, sum.Count+v.Count
			sum.Why = fmt.Sprintf("in %d of %d connections", bad, times)
			if v.Why != "" {
				sum.Why += ": " + v.Why
			}
		}
	}
	return sum
}

var good = Verdict{Kind: All}

// count is a number with its thousands apart, and what it counts.
func count(n int64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return grouped(n) + " " + unit
}

func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
