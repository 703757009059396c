package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestRaceLeavesNoTimer: the delay before the next attempt ends with the one that it
// waits for.
func TestRaceLeavesNoTimer(t *testing.T) {
	l := newLoop(t)
	fails := func(ctx context.Context) (int, error) {
		must(t, engine.Sleep(ctx, 0))
		return -1, errFails
	}
	_, err := engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
		_, errs, err := engine.RaceFor(ctx, l, time.Hour, fails, fails)
		if len(errs) != 2 {
			t.Errorf("the errors of two attempts are %v", errs)
		}
		return struct{}{}, err
	})
	must(t, err)
	if n := l.Stats().Timers; n != 0 {
		t.Errorf("%d timers are armed", n)
	}
}
