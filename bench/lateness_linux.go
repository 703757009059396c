package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/bench/floor"
)

var latenessFloor = Side{Name: "floor", Kind: Floor, Run: timerfdLateness}

// timerfdLateness is a goroutine blocked in epoll_pwait on an absolute timerfd.
func timerfdLateness(_ context.Context, t Task) (Metrics, error) {
	c, err := floor.NewClock()
	if err != nil {
		return nil, err
	}
	v := newVolley(t)
	for v.aim() && err == nil {
		if err = c.WaitUntil(v.due); err == nil {
			v.hit(c.Now())
		}
	}
	return v.metrics(), errors.Join(err, c.Close())
}
