package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestPoolRefusals(t *testing.T) {
	p, err := engine.NewWorkerPool(1)
	must(t, err)
	wantErr(t, "Submit(nil)", p.Submit(nil), engine.ErrInvalidArgument)
	l, _ := simLoop(t)
	wantErr(t, "SetDefaultExecutor of the zero value", l.SetDefaultExecutor(&engine.WorkerPool{}), engine.ErrInvalidArgument)
}
