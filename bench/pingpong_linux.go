package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/bench/floor"
)

var pingpongFloor = Side{Name: "floor", Kind: Floor, Run: bellPingpong}

// bellPingpong is two goroutines blocked on an eventfd each.
func bellPingpong(_ context.Context, t Task) (Metrics, error) {
	r := newRally(t)
	ping, err1 := floor.NewBell()
	pong, err2 := floor.NewBell()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	over := make(chan error, 1)
	go func() { over <- answerBell(ping, pong, r.trips) }()
	var err error
	for err == nil && r.more() {
		if err = ping.Ring(); err == nil {
			err = pong.Wait()
		}
	}
	return r.metrics(), errors.Join(err, <-over, ping.Close(), pong.Close())
}

func answerBell(ping, pong *floor.Bell, times int64) (err error) {
	for i := int64(0); i < times && err == nil; i++ {
		if err = ping.Wait(); err == nil {
			err = pong.Ring()
		}
	}
	return err
}
