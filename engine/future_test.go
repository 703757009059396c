package engine_test

import (
	"errors"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestRunUntilDoneLeavesNoStop: a done callback that is scheduled when the run
// ends does not stop a later run.
func TestRunUntilDoneLeavesNoStop(t *testing.T) {
	l, _ := simLoop(t)
	f := engine.NewFuture[int](l)
	l.CallSoon(func() {
		l.Stop()
		must(t, f.SetResult(1))
	})
	if v, err := engine.RunUntilDone(l, f); v != 1 || err != nil {
		t.Errorf("RunUntilDone = %d, %v", v, err)
	}
	wantSecondTurn(t, l)
}

// TestRunUntilDoneRefusedLeavesNoStop: neither does a run that was refused.
func TestRunUntilDoneRefusedLeavesNoStop(t *testing.T) {
	outer, _ := simLoop(t)
	l, _ := simLoop(t)
	f := engine.NewFuture[int](l)
	must(t, f.SetResult(1))
	outer.CallSoon(func() {
		_, err := engine.RunUntilDone(l, f)
		wantErr(t, "RunUntilDone in a callback of another loop", err, engine.ErrLoopRunning)
		outer.Stop()
	})
	run(t, outer)
	wantSecondTurn(t, l)
}

// wantSecondTurn complains when the next run of l ends after one turn.
func wantSecondTurn(t *testing.T, l *engine.Loop) {
	t.Helper()
	second := false
	l.CallSoon(func() {
		l.CallSoon(func() {
			second = true
			l.Stop()
		})
	})
	run(t, l)
	if !second {
		t.Error("something stopped the next run")
	}
}

func TestNilDoneCallback(t *testing.T) {
	l, _ := simLoop(t)
	defer func() {
		err, _ := recover().(error)
		if !errors.Is(err, engine.ErrInvalidArgument) {
			t.Errorf("AddDoneCallback(nil) panics with %v", err)
		}
	}()
	engine.NewFuture[int](l).AddDoneCallback(nil)
}
