package bench

import (
	"errors"
	"io"
	"regexp"
	"time"
)

// Rounds of the three ways to measure.
const (
	QuickRounds = 3  // a look; too few for an interval
	RunRounds   = 10 // an interval
	BarRounds   = 15 // what the bars are defined on
)

// Config says what to measure and whom to tell. The zero value measures the
// whole suite by re-executing this program as `PROGRAM sample SPEC`.
type Config struct {
	Scenarios []Scenario     // nil: Scenarios()
	Filter    *regexp.Regexp // on names of scenarios or bars; nil: all
	Quick     bool           // small sizes, QuickRounds
	Rounds    int            // 0: the default of Run or Bars
	Seed      uint64         // 0: taken from the clock; printed in the raw file

	// RequirePeers makes a peer that cannot run ErrPeerMissing instead of a
	// note.
	RequirePeers bool

	// Command starts a sample process, which must end up in RunSample with
	// the argument that is appended. nil: this executable, "sample".
	Command []string

	// Serve starts a server of package servers with the library and the
	// arguments of the contract appended. nil: the program of Command,
	// "serve".
	Serve []string

	// Raw receives every sample, one JSON object a line, as it is taken;
	// see Line. nil: nobody.
	Raw io.Writer

	// Progress is told what goes on, on the goroutine that measures. nil:
	// nobody.
	Progress Progress

	// Began is told where and how, before the first sample. nil: nobody.
	Began func(Environment)

	// Note is told what a reader of the results has to know, once each:
	// peers that are not there, samples that are not pinned. nil: nobody.
	Note func(string)
}

// Progress follows a measurement.
type Progress interface {
	// Sampling says that a sample is about to be taken: the round of rounds
	// of a scenario, the scenario of scenarios.
	Sampling(at Position)
	// Done says that no more samples follow.
	Done()
}

// Position is a place in a measurement; numbers count from 1.
type Position struct {
	Scenario, Side      string
	Number, Scenarios   int
	Round, Rounds       int
	Attempt             int // of a bar's scenario
	SinceStart          time.Duration
	TakenSoFar, Planned int // samples
}

// ErrPeerMissing wraps a peer that cannot run where peers are required.
var ErrPeerMissing = errors.New("peer missing")

// ErrNothing means that the filter leaves nothing to measure.
var ErrNothing = errors.New("nothing matches the filter")

func (c *Config) suite() []Scenario {
	if c.Scenarios != nil {
		return c.Scenarios
	}
	return Scenarios()
}

func (c *Config) note(text string) {
	if c.Note != nil {
		c.Note(text)
	}
}
