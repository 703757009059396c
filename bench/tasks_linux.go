package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/bench/floor"
)

var polledPulls = Side{Name: "floor", Kind: Floor, Run: pollAndPull}

// pollAndPull is a poll before each switch to a coroutine and back.
func pollAndPull(_ context.Context, t Task) (Metrics, error) {
	p, err := floor.NewPoll()
	if err != nil {
		return nil, err
	}
	r := newRelay(t)
	all := newPulls(r.size)
	for err == nil && r.more() {
		err = pollAndPullAll(p, all)
	}
	closePulls(all)
	return r.metrics(), errors.Join(err, p.Close())
}

func pollAndPullAll(p *floor.Poll, all []*floor.Pull) error {
	for _, c := range all {
		if err := p.Step(); err != nil {
			return err
		}
		c.Next()
	}
	return nil
}
