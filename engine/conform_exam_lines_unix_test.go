//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// lineReader is a protocol whose connection has a task that reads lines.
type lineReader struct {
	engine.BaseProtocol
	handle  func(ctx context.Context, r *lineReader)
	tr      engine.Transport
	pending []byte
	ended   bool
	more    *engine.Future[struct{}]
}

func (r *lineReader) ConnectionMade(tr engine.Transport) {
	r.tr = tr
	_ = engine.Go(tr.Loop(), func(ctx context.Context) error { r.handle(ctx, r); tr.Close(); return nil })
}

func (r *lineReader) DataReceived(p []byte) {
	r.pending = append(r.pending, p...)
	r.wake()
}

func (r *lineReader) EOFReceived() bool {
	r.ended = true
	r.wake()
	return true // the task closes
}

func (r *lineReader) wake() {
	if r.more != nil && !r.more.Done() {
		r.more.SetResult(struct{}{})
	}
}

// readLine waits for a line, which is short at the end.
func (r *lineReader) readLine(ctx context.Context) (string, error) {
	for bytes.IndexByte(r.pending, '\n') < 0 && !r.ended {
		r.more = engine.NewFuture[struct{}](r.tr.Loop())
		if _, err := engine.Await(ctx, r.more); err != nil {
			return "", err
		}
	}
	n := bytes.IndexByte(r.pending, '\n') + 1
	if n == 0 {
		n = len(r.pending)
	}
	line := string(r.pending[:n])
	r.pending = r.pending[n:]
	return line, nil
}

// TestExampleOfServeForever is the documentation's program: a server whose
// clients are handled by a coroutine that reads lines.
func TestExampleOfServeForever(t *testing.T) {
	prove(t, "EXAM-08", func(t *testing.T) {
		l := servingLoop(t)
		handle := func(ctx context.Context, r *lineReader) {
			for line, err := r.readLine(ctx); line != ""; line, err = r.readLine(ctx) {
				must(t, err)
				must(t, wrote(r.tr.Write([]byte("read "+line))))
			}
		}
		s := serve(t, l, func() engine.Protocol { return &lineReader{handle: handle} }, local(engine.ServerOptions{Deferred: true}))
		ctx, cancel := context.WithCancel(t.Context())
		over := asked(t, l, func() error { return s.ServeForever(ctx) })
		until(t, l, s.IsServing)
		one, other := client(t, address(t, l, s)), client(t, address(t, l, s))
		for _, part := range []string{"first li", "ne\nsecond line\nthi", "rd line\n"} {
			_, err := io.WriteString(one, part)
			must(t, err)
		}
		hears(t, one, "read first line\nread second line\nread third line\n")
		_, err := io.WriteString(other, "another client\n")
		must(t, err)
		hears(t, other, "read another client\n")
		must(t, one.Close())
		must(t, other.Close())
		cancel()
		wantErr(t, "ServeForever", <-over, context.Canceled)
	})
}
