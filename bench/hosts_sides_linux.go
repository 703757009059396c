package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func hostSides() []Side {
	return []Side{
		hostOfEngine("auto", engine.HostAuto),
		hostOfEngine("block", engine.HostBlock),
		hostOfEngine("park", engine.HostPark),
		hostOfPoller("poller-block", poller.Block),
		hostOfPoller("poller-park", poller.Park),
	}
}

func hostOfEngine(name string, host engine.Host) Side {
	return Side{Name: name, Kind: Engine, Run: func(ctx context.Context, t Task) (Metrics, error) {
		return hostServe(ctx, t, func(r *responder) error {
			return runLoop(ctx, engine.Config{Host: host}, func(l *engine.Loop) error {
				return l.AddReader(r.fd, func() {
					if r.ready(); r.done {
						l.RemoveReader(r.fd)
						l.Stop()
					}
				})
			})
		})
	}}
}

func hostOfPoller(name string, mode poller.Mode) Side {
	return Side{Name: name, Kind: Floor, Run: func(ctx context.Context, t Task) (Metrics, error) {
		return hostServe(ctx, t, func(r *responder) error { return pollFor(r, mode) })
	}}
}

// pollFor is the smallest loop over a poller.
func pollFor(r *responder, mode poller.Mode) error {
	p, err := poller.NewEpoll()
	if err != nil {
		return err
	}
	err = p.Add(r.fd, poller.MakeToken(0, 0), poller.In)
	for err == nil && !r.done {
		var events []poller.Event
		events, err = p.Wait(poller.NoDeadline, mode)
		for range events {
			r.ready()
		}
	}
	return errors.Join(err, p.Close())
}
