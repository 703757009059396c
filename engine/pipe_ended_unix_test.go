//go:build unix

package engine_test

import (
	"context"
	"os"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestPipeOfAnEndedContext: the file is closed also if the loop has never begun with
// it.
func TestPipeOfAnEndedContext(t *testing.T) {
	for name, connect := range map[string]connectPipe{"read": toRead, "write": toWrite} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			start(t, l)
			entered, release := make(chan struct{}), make(chan struct{})
			_, err := l.CallSoonThreadsafe(func() { close(entered); <-release })
			must(t, err)
			<-entered
			r, w, err := os.Pipe()
			must(t, err)
			defer r.Close()
			defer w.Close()
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errReason)
			f := map[string]*os.File{"read": r, "write": w}[name]
			_, _, err = connect(l, ctx, func() engine.Protocol { return &wireTap{} }, f)
			wantErr(t, "the call", err, errReason)
			wantErr(t, "the file's Close", f.Close(), os.ErrClosed)
			close(release)
			onLoop(t, l, nop)
			wantSame(t, "tasks", len(engine.AllTasks(l)), 0)
		})
	}
}
