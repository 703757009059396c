package engine_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestRegressLimitLeftByGo: a Timeout that a task of Go has left behind ends
// nothing, and breaks nothing.
func TestRegressLimitLeftByGo(t *testing.T) {
	l, _ := simLoop(t)
	told := reported(l)
	must(t, engine.Go(l, func(ctx context.Context) error {
		limited, cancel := engine.Timeout(ctx, time.Second)
		context.AfterFunc(nobodysCtx, cancel) // which never comes
		return engine.Sleep(limited, 0)
	}))
	runTask(t, l, func(ctx context.Context) { sleepFor(t, ctx, time.Minute) })
	wantReports(t, *told)
}

// TestRegressWaitsThatGaveUp: waits of tasks that give up leave nothing with what
// they waited for.
func TestRegressWaitsThatGaveUp(t *testing.T) {
	const many = 5000
	l, _ := simLoop(t)
	f := engine.Submit(l, func(ctx context.Context) (int, error) { return 0, engine.Sleep(ctx, time.Hour) })
	objects := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapObjects
	}
	runTask(t, l, func(ctx context.Context) {
		before := objects()
		for range many {
			limited, cancel := engine.Timeout(ctx, 0)
			_, err := f.Wait(limited)
			wantErr(t, "Wait", err, engine.ErrTimeout)
			cancel()
		}
		if after := objects(); after > before+many {
			t.Errorf("%d objects are left of %d waits", after-before, many)
		}
		runtime.KeepAlive(f)
	})
}

// TestRegressLimitAfterRequest: a Timeout limits the clean-up of a task that was
// cancelled; a context of package context that is made then is Done, and limits
// nothing.
func TestRegressLimitAfterRequest(t *testing.T) {
	l, _ := simLoop(t)
	task := newTask(l, func(ctx context.Context) error {
		wantCancellation(t, waitForever(ctx, l))
		limited, cancel := engine.Timeout(ctx, time.Second)
		defer cancel()
		wantErr(t, "Sleep with Timeout", engine.Sleep(limited, time.Minute), engine.ErrTimeout)
		others, cancel := context.WithTimeout(ctx, time.Nanosecond)
		defer cancel()
		wantErr(t, "Sleep with WithTimeout", engine.Sleep(others, time.Minute), nil)
		return nil
	})
	turn(t, l)
	task.Cancel(nil)
	runTask(t, l, func(ctx context.Context) { sleepFor(t, ctx, time.Hour) })
	wantValue(t, task, 0)
}
