//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// predecessor is a process that waits for its successor, as far as its successor
// can tell.
type predecessor struct {
	t      *testing.T
	path   string
	cancel context.CancelCauseFunc
	ended  chan error
	log    *safeBuffer
}

// safeBuffer is what a logger writes to.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // has one when there is more
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default:
	}
	return b.text.Write(p)
}

func (b *safeBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.text.Reset()
	return b.text.String()
}

// awaitSuccessor waits for one until the test ends.
func awaitSuccessor(t *testing.T, o engine.SuccessorOptions) *predecessor {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(shortDir(t), "next")
	}
	p := &predecessor{t: t, path: o.Path, ended: make(chan error, 1), log: &safeBuffer{more: make(chan struct{}, 1)}}
	o.Logger = slog.New(slog.NewTextHandler(p.log, nil))
	ctx, cancel := context.WithCancelCause(context.Background())
	p.cancel = cancel
	go func() { p.ended <- engine.AwaitSuccessor(ctx, o) }()
	t.Cleanup(func() { cancel(nil) })
	return p
}

// wait wants the wait to end with an error.
func (p *predecessor) wait(target error) {
	p.t.Helper()
	if err := <-p.ended; !errors.Is(err, target) {
		p.t.Errorf("it ended with %v, want %v", err, target)
	}
}

// complains wants a failed successor to be reported.
func (p *predecessor) complains(text string) {
	p.t.Helper()
	<-p.log.more
	if got := p.log.take(); !bytes.Contains([]byte(got), []byte(text)) {
		p.t.Errorf("the log has %q, want %q", got, text)
	}
}

// retry takes over as soon as somebody is there to take over from.
func retry[T any](call func() (T, error), not func(error) bool) (T, error) {
	for {
		v, err := call()
		if err == nil || !not(err) {
			return v, err
		}
		runtime.Gosched()
	}
}

func noPredecessor(err error) bool { return errors.Is(err, engine.ErrNoPredecessor) }

// succeed is a successor's call.
func succeed(t *testing.T, path string) *engine.Takeover {
	t.Helper()
	next, err := retry(func() (*engine.Takeover, error) { return engine.TakeOver(t.Context(), path) }, noPredecessor)
	must(t, err)
	t.Cleanup(func() { must(t, next.Close()) })
	return next
}

// waitForFile waits until somebody waits for a successor at path.
func waitForFile(path string) {
	for c, err := net.Dial("unix", path); ; c, err = net.Dial("unix", path) {
		if err == nil {
			_ = c.Close()
			return
		}
		runtime.Gosched()
	}
}
