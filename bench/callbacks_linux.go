package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/bench/floor"
)

var chainFloor = Side{Name: "floor", Kind: Floor, Run: pollChain}

// pollChain is the polls that a strict chain is made of.
func pollChain(_ context.Context, t Task) (Metrics, error) {
	p, err := floor.NewPoll()
	if err != nil {
		return nil, err
	}
	step := p.Step
	if t.Param("timer") == farTimer {
		step = p.TimedStep
	}
	c := newChain(t)
	for err == nil && c.more() {
		err = step()
	}
	return c.metrics(), errors.Join(err, p.Close())
}
