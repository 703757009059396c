package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/engine"
)

// runLoop makes a loop, runs start as its first callback and returns when the
// loop was stopped, closed. When ctx ends, so does the run.
func runLoop(ctx context.Context, cfg engine.Config, start func(*engine.Loop) error) error {
	l, err := engine.NewEventLoop(cfg)
	if err != nil {
		return err
	}
	release := context.AfterFunc(ctx, l.Stop)
	defer release()
	var failed error
	err = l.CallSoonThreadsafeArg(func(any) {
		if failed = start(l); failed != nil {
			l.Stop()
		}
	}, nil)
	if err == nil {
		err = l.RunForever()
	}
	return errors.Join(failed, err, l.Close(), ctx.Err())
}
