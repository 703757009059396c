package loss

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
)

var (
	// ErrLost is a fault of the engine.
	ErrLost = errors.New("the engine has lost something")
	// ErrNothing is a filter that leaves no scenario.
	ErrNothing = errors.New("no scenario matches")
	// ErrMissing is a library that is required and not here.
	ErrMissing = errors.New("a library is missing")
)

// Config says what is run.
type Config struct {
	Libraries    []Library
	Filter       *regexp.Regexp // of the names of scenarios; nil is all
	RequirePeers bool           // a missing library is an error
	Shrink       int            // divides all sizes, for tests; 0 is 1
	Idle         time.Duration  // how long nothing may come; 0 is 5 s
	Limit        time.Duration  // for a scenario with a library; 0 is a minute
	Grace        time.Duration  // how long a server that fails may take to die; 0 is 1 s
	Result       func(Result)   // takes each result when it is there
}

// Result is what came of a scenario with a library.
type Result struct {
	Scenario string `json:"scenario"`
	Library  string `json:"library"`
	Verdict
	Took float64 `json:"seconds"`
}

// Run runs all scenarios that the filter leaves with all libraries.
func Run(ctx context.Context, c Config) error {
	c.defaults()
	list := Select(Scenarios(), c.Filter)
	if len(list) == 0 {
		return fmt.Errorf("%w: %v", ErrNothing, c.Filter)
	}
	for _, lib := range c.Libraries {
		if c.RequirePeers && lib.Missing != "" {
			return fmt.Errorf("%w: %s: %s", ErrMissing, lib.Name, lib.Missing)
		}
	}
	var err error
	for i := range list {
		for j := range c.Libraries {
			r := c.measure(ctx, &list[i], &c.Libraries[j])
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if c.Result(r); c.Libraries[j].isEngine() && r.Fault() {
				err = errors.Join(err, fmt.Errorf("%w: %s, %s: %s", ErrLost, r.Scenario, r.Library, r.Verdict))
			}
		}
	}
	return err
}

func (c *Config) defaults() {
	c.Shrink = max(c.Shrink, 1)
	if c.Idle == 0 {
		c.Idle = 5 * time.Second
	}
	if c.Limit == 0 {
		c.Limit = time.Minute
	}
	if c.Grace == 0 {
		c.Grace = time.Second
	}
}

func (c *Config) measure(ctx context.Context, sc *Scenario, lib *Library) Result {
	start := time.Now()
	v := c.try(ctx, sc, lib)
	return Result{sc.Name, lib.Name, v, time.Since(start).Seconds()}
}
