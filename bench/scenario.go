package bench

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Scenario is one thing the suite measures, on several sides: the engine, the
// floor below which nothing can go, and the peers people would use instead.
// Every side does the same work under the same Params and answers with the same
// Metrics.
type Scenario struct {
	Name        string // "topic/case"
	Description string
	Params      Params // full size
	Quick       Params // what Config.Quick changes of them
	Work        string // the parameter that is the amount of work: more of it takes longer and changes nothing else
	Metrics     []Metric
	Sides       []Side
	Place       Placement
	Rounds      int // rounds that its bars need; 0: BarRounds

	// Helper is what a side's second process runs (Task.StartHelper).
	Helper func(context.Context, Task) (Metrics, error)

	// Idle scenarios use no processor worth the name, so all their samples
	// run at once.
	Idle bool
}

// Params are the sizes of a scenario: counts, or nanoseconds in names that end
// in _ns.
type Params map[string]int64

// with lays over on top of p.
func (p Params) with(over Params) Params {
	out := maps.Clone(p)
	if out == nil {
		out = Params{}
	}
	maps.Copy(out, over)
	return out
}

// Direction tells which way a metric gets better.
type Direction uint8

const (
	// Lower is better: times, counts of waste.
	Lower Direction = iota
	// Higher is better: rates.
	Higher
)

// String is the word of reports.
func (d Direction) String() string {
	if d == Higher {
		return "higher"
	}
	return "lower"
}

// Metric is a figure that each sample of a scenario answers with. The first one
// of a scenario is its headline.
type Metric struct {
	Name   string
	Unit   string
	Better Direction
}

// Metrics are the figures of one sample by metric name. A side may leave out
// one that has no meaning for it.
type Metrics map[string]float64

// Kind sorts the sides of a scenario.
type Kind uint8

const (
	// Engine sides run this module's loop.
	Engine Kind = iota
	// Floor sides make the bare system calls and what the contract forces.
	Floor
	// Peer sides are what people would use instead.
	Peer
)

// String is the word of reports.
func (k Kind) String() string {
	return [...]string{"engine", "floor", "peer"}[k]
}

// Side is one way to do a scenario's work. Exactly one of Run, Script, Missing and
// Lacks is set.
type Side struct {
	Name    string
	Kind    Kind
	Run     func(context.Context, Task) (Metrics, error) // in the sample process
	Script  *Script                                      // a program for another interpreter
	Missing string                                       // why this build cannot run it
	Lacks   string                                       // why no build can: told like Missing, and never an error

	// Server is what Run drives in a scenario of connections: Run is the client.
	Server *Server
}

// missing is a side this platform does not have.
func missing(name string, kind Kind, why string) Side {
	return Side{Name: name, Kind: kind, Missing: why}
}

// lacking is a peer that cannot do what the scenario measures.
func lacking(name, why string) Side { return Side{Name: name, Kind: Peer, Lacks: why} }

// side returns the side of that name.
func (s *Scenario) side(name string) (Side, bool) {
	for _, side := range s.Sides {
		if side.Name == name {
			return side, true
		}
	}
	return Side{}, false
}

// metric returns the metric of that name.
func (s *Scenario) metric(name string) (Metric, bool) {
	for _, m := range s.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Select returns the scenarios whose names match filter; nil takes all.
func Select(all []Scenario, filter *regexp.Regexp) []Scenario {
	if filter == nil {
		return all
	}
	var out []Scenario
	for _, s := range all {
		if filter.MatchString(s.Name) {
			out = append(out, s)
		}
	}
	return out
}

// String lists the parameters by name.
func (p Params) String() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		out = append(out, name+"="+strconv.FormatInt(p[name], 10))
	}
	return strings.Join(out, " ")
}
