//go:build unix

package engine_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

func TestDebugChecks(t *testing.T) {
	prove(t, "DBG-06", func(t *testing.T) {
		l := newLoop(t, engine.Config{Debug: true})
		wantScheduling(t, l, nil, engine.ErrInvalidArgument)
		for name, call := range sockCalls {
			s := newSocket(t, engine.AFInet, engine.SockDgram)
			must(t, syscall.SetNonblock(s.Fd(), false))
			runTask(t, l, func(ctx context.Context) { wantArgError(t, name, call(ctx, l, s), "s") })
		}
		start(t, l)
		wantScheduling(t, l, func() { t.Error("a callback of another goroutine ran") }, engine.ErrWrongThread)
		onLoop(t, l, func() { wantScheduling(t, l, func() {}, nil) })
		stopAndWait(l)
		wantScheduling(t, l, func() {}, nil) // the loop runs nowhere
	})
}

// wantScheduling complains unless the calls that schedule fn panic with err.
func wantScheduling(t *testing.T, l *engine.Loop, fn func(), err error) {
	t.Helper()
	for name, call := range map[string]func(){
		"CallSoon":         func() { l.CallSoon(fn) },
		"CallSoonContext":  func() { l.CallSoonContext(t.Context(), fn) },
		"CallAt":           func() { l.CallAt(0, fn) },
		"CallAtContext":    func() { l.CallAtContext(t.Context(), 0, fn) },
		"CallLater":        func() { l.CallLater(0, fn) },
		"CallLaterContext": func() { l.CallLaterContext(t.Context(), time.Hour, fn) },
	} {
		wantErr(t, name, panicOf(call), err)
	}
}
