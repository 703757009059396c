package engine_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestArgError(t *testing.T) {
	err := error(&engine.ArgError{Arg: "fd", Reason: "must not be negative"})
	if got := err.Error(); got != "fd must not be negative" {
		t.Errorf("prints as %q", got)
	}
	wantErr(t, "an *ArgError", err, engine.ErrInvalidArgument)
}

// TestErrorsDiffer: no error of a loop is another, and each says something of
// its own. Two are also errors of other packages.
func TestErrorsDiffer(t *testing.T) {
	list := []error{
		engine.ErrLoopClosed, engine.ErrLoopRunning, engine.ErrLoopDied, engine.ErrNoRunningLoop, engine.ErrNoCurrentLoop,
		engine.ErrStoppedBeforeDone, engine.ErrWrongThread, engine.ErrForeignLoop, engine.ErrInvalidState,
		engine.ErrExecutorShutdown, engine.ErrNotInTask, engine.ErrUnsupported, engine.ErrInvalidArgument,
		engine.ErrCancelled, engine.ErrTimeout,
	}
	texts := map[string]error{}
	for i, a := range list {
		if b, ok := texts[a.Error()]; ok || a.Error() == "" {
			t.Errorf("%v and %v print the same", a, b)
		}
		texts[a.Error()] = a
		for j, b := range list {
			if errors.Is(a, b) != (i == j) {
				t.Errorf("%v is %v: %t", a, b, i != j)
			}
		}
	}
	wantErr(t, "ErrCancelled", engine.ErrCancelled, context.Canceled)
	wantErr(t, "ErrTimeout", engine.ErrTimeout, os.ErrDeadlineExceeded)
}
