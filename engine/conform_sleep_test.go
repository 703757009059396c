package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestSleep: a sleep of no time is one turn, and one that is cancelled leaves no timer.
func TestSleep(t *testing.T) {
	prove(t, "TIME-26", func(t *testing.T) {
		for _, d := range []time.Duration{0, -1, -time.Hour} {
			c := newChronicle(t)
			c.task(func(ctx context.Context) error {
				c.note("asks")
				err := engine.Sleep(ctx, d)
				c.note("awake")
				return err
			})
			c.turns(3)
			c.want(t, "1 asks", "2 awake")
			wantTimers(t, c.l, 0)
		}
		t.Run("cancelled", cancelledSleep)
	})
}

func cancelledSleep(t *testing.T) {
	c := newChronicle(t)
	task := newTask(c.l, func(ctx context.Context) error { return engine.Sleep(ctx, time.Hour) })
	c.turns(1)
	wantTimers(t, c.l, 1)
	task.Cancel(nil)
	c.turns(2)
	wantTimers(t, c.l, 0)
	_, err := task.Result()
	wantErr(t, "the task", err, engine.ErrCancelled)
}

func wantTimers(t *testing.T, l *engine.Loop, n int) {
	t.Helper()
	if got := l.Stats().Timers; got != n {
		t.Errorf("%d timers are armed, want %d", got, n)
	}
}
