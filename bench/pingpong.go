package bench

import (
	"context"
	"errors"
	"slices"

	"github.com/shardloop/shardloop/engine"
)

var perTrip = Metric{Name: "time", Unit: "ns/trip"}

// pingpongScenarios measure a round trip between two loops, each of which does
// nothing but post to the other. Both run at once, so both cores are theirs.
func pingpongScenarios() []Scenario {
	return []Scenario{{
		Name:        "pingpong",
		Description: "two loops that post to each other: a round trip",
		Params:      Params{"trips": 20_000, "script_trips": 5_000},
		Quick:       Params{"trips": 10_000},
		Work:        "trips",
		Metrics:     []Metric{perTrip, {Name: "allocs", Unit: "allocs/trip"}},
		Place:       onAllCores,
		Sides: slices.Concat([]Side{
			{Name: "engine", Kind: Engine, Run: enginePingpong},
			pingpongFloor,
			{Name: "channel", Kind: Peer, Run: channelPingpong},
		}, pythonPeers("pingpong")),
	}}
}

// rally counts the round trips of two players. The first ones are warm-up.
type rally struct {
	meter
	trip, trips int64
}

const rallyWarmup = 100

func newRally(t Task) *rally { return &rally{trips: t.Param("trips") + rallyWarmup} }

// more is called by the first player at each return of the ball.
func (r *rally) more() bool {
	switch r.trip {
	case rallyWarmup:
		r.begin()
	case r.trips:
		r.end()
		return false
	}
	r.trip++
	return true
}

func (r *rally) metrics() Metrics { return r.per(r.trips - rallyWarmup) }

func enginePingpong(ctx context.Context, t Task) (Metrics, error) {
	r := newRally(t)
	far, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		return nil, err
	}
	over := make(chan error, 1)
	go func() { over <- far.RunForever() }()
	release := context.AfterFunc(ctx, far.Stop)
	defer release()
	err = runLoop(ctx, engine.Config{}, func(near *engine.Loop) error {
		var ping, pong func(any)
		pong = func(any) { _ = near.CallSoonThreadsafeArg(ping, nil) }
		ping = func(any) {
			if r.more() {
				_ = far.CallSoonThreadsafeArg(pong, nil)
			} else {
				near.Stop()
			}
		}
		return near.CallSoonArg(ping, nil)
	})
	far.Stop()
	return r.metrics(), errors.Join(err, <-over, far.Close())
}

// channelPingpong is two goroutines and two channels.
func channelPingpong(_ context.Context, t Task) (Metrics, error) {
	r := newRally(t)
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(pong)
		for range ping {
			pong <- struct{}{}
		}
	}()
	for r.more() {
		ping <- struct{}{}
		<-pong
	}
	close(ping)
	<-pong
	return r.metrics(), nil
}
