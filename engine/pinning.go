package engine

import (
	"fmt"
	"slices"

	"github.com/shardloop/shardloop/engine/internal/affinity"
)

// CPUs are the processors that the loop is pinned to, none for any: Config.CPUs.
// Any goroutine.
func (l *Loop) CPUs() []int { return slices.Clone(l.cpus) }

// locks reports whether the loop has a thread of its own.
func (c *Config) locks() bool { return c.LockThread || len(c.CPUs) > 0 }

// validateCPUs refuses processors that the loop could not run on.
func (c *Config) validateCPUs() error {
	if len(c.CPUs) == 0 {
		return nil
	}
	if slices.Min(c.CPUs) < 0 {
		return badArg("CPUs", "must not be negative")
	}
	allowed, err := affinity.Allowed()
	if err != nil {
		return fmt.Errorf("pinning an event loop to CPUs %v: %w", c.CPUs, err)
	}
	for _, cpu := range c.CPUs {
		if !slices.Contains(allowed, cpu) {
			return badArg("CPUs", fmt.Sprintf("has CPU %d, which this process must not run on", cpu))
		}
	}
	return nil
}

// member is the configuration of loop i of a group: one of the processors each, in
// turn.
func (c Config) member(i int) Config {
	if len(c.CPUs) > 0 {
		c.CPUs = []int{c.CPUs[i%len(c.CPUs)]}
	}
	return c
}

// pinned reports whether each loop has one processor that is its own.
func (g *Group) pinned() bool {
	return !slices.ContainsFunc(g.loops, func(l *Loop) bool { return len(l.cpus) != 1 })
}
