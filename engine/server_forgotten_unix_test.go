//go:build unix

package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// forgotten gives up a call on another goroutine once the loop has made what it
// asks for, and before the goroutine is told; it wants that to be gone then.
func forgotten(t *testing.T, l *engine.Loop, there func() bool, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	returned := make(chan error, 1)
	var look func()
	look = func() {
		if !there() {
			l.CallSoon(look)
			return
		}
		cancel(errReason)
		returned <- <-returned // within the turn
	}
	onLoop(t, l, func() { l.CallSoon(look) })
	err := call(ctx)
	returned <- err
	wantErr(t, "the goroutine", err, errReason)
	onLoop(t, l, func() {
		if there() {
			t.Error("what was made is left behind")
		}
	})
}

func TestServerForgotten(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	forgotten(t, l, func() bool { return l.Servers() > 0 }, func(ctx context.Context) error {
		_, err := l.CreateServer(ctx, echo, local(engine.ServerOptions{Deferred: true}))
		return err
	})
	path, there := socketFile(t)
	forgotten(t, l, there, func(ctx context.Context) error {
		_, err := l.CreateUnixServer(ctx, echo, engine.UnixServerOptions{Path: path, Deferred: true})
		return err
	})
}

func TestGroupServerForgotten(t *testing.T) {
	g := startGroup(t, 2)
	path, there := socketFile(t)
	forgotten(t, g.Loops()[0], there, func(ctx context.Context) error {
		_, err := g.CreateUnixServer(ctx, echo, engine.GroupUnixServerOptions{UnixServerOptions: engine.UnixServerOptions{Path: path}})
		return err
	})
}

// socketFile is a path for a socket, and whether there is one.
func socketFile(t *testing.T) (path string, there func() bool) {
	path = filepath.Join(shortDir(t), "s")
	return path, func() bool { _, err := os.Lstat(path); return err == nil }
}
