//go:build unix

package engine_test

import (
	"cmp"
	"context"
	"io"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// streamPipe is a StreamWriter over the end of a pipe that is written to, and a
// StreamReader over the other one. Drain has to keep what waits below the marks.
type streamPipe struct {
	t       *testing.T
	r       *engine.StreamReader
	w       *engine.StreamWriter
	end     *engine.StreamWriter // of r
	seed    uint64
	bytes   int
	written atomic.Int64
	stalled atomic.Bool // is above the high mark, in Drain
	over    atomic.Bool // all is written
}

// newStreamPipe connects both, each on its loop by a task there.
func newStreamPipe(t *testing.T, on func(writes bool, fn func(context.Context, *engine.Loop) error), limit int) *streamPipe {
	t.Helper()
	x := &streamPipe{t: t, seed: seeded(t).Uint64(), bytes: scaled(8<<20, 2<<20)}
	in, out := pipe(t)
	reads, r, end := engine.StreamsOf(engine.StreamOptions{Limit: limit})
	writes, _, w := engine.StreamsOf(engine.StreamOptions{})
	x.r, x.w, x.end = r, w, end
	on(false, func(ctx context.Context, l *engine.Loop) error {
		_, _, err := l.ConnectReadPipe(ctx, func() engine.Protocol { return reads }, in)
		return err
	})
	on(true, func(ctx context.Context, l *engine.Loop) error {
		_, _, err := l.ConnectWritePipe(ctx, func() engine.Protocol { return writes }, out)
		return err
	})
	return x
}

// writes is the task that writes all, and closes.
func (x *streamPipe) writes(ctx context.Context) error {
	err := x.pieces(ctx)
	x.over.Store(true)
	x.w.Close()
	return cmp.Or(err, x.w.WaitClosed(ctx))
}

// pieces writes all, and drains behind each piece.
func (x *streamPipe) pieces(ctx context.Context) error {
	all := newSource(x.seed).next(x.bytes)
	for i := 0; len(all) > 0; i++ {
		n := min(len(all), 1+i*7919%90_000)
		if err := wrote(x.w.Write(all[:n])); err != nil {
			return err
		}
		x.written.Add(int64(n))
		if err := x.drains(ctx); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// drains wants Drain to wait exactly from the high mark to the low one.
func (x *streamPipe) drains(ctx context.Context) error {
	tr := x.w.Transport()
	low, high := tr.WriteBufferLimits()
	full := tr.WriteBufferSize() > high
	x.stalled.Store(full)
	err := x.w.Drain(ctx)
	x.stalled.Store(false)
	if full && err == nil {
		isEqual(x.t, "drained to the low mark", tr.WriteBufferSize() <= low, true)
	}
	return err
}

// reads takes n bytes in pieces.
func (x *streamPipe) reads(ctx context.Context, got *tally, n int) error {
	for n > 0 {
		p, err := x.r.Read(ctx, n)
		if err != nil {
			return err
		}
		got.add(p)
		n -= len(p)
	}
	return nil
}

// ends wants all to have come, and the end behind it.
func (x *streamPipe) ends(ctx context.Context, got tally) error {
	_, err := x.r.Read(ctx, 1)
	wantErr(x.t, "the end", err, io.EOF)
	isEqual(x.t, "received", got, tallyOf(newSource(x.seed).next(x.bytes)))
	isEqual(x.t, "at the end", x.r.AtEOF(), true)
	return x.end.WaitClosed(ctx)
}

// settles runs turns until the writer does not go on any more.
func (x *streamPipe) settles(l *engine.Loop) {
	x.t.Helper()
	untilSo(x.t, l, func() bool {
		before := x.written.Load()
		idleTurns(x.t, l)
		return x.written.Load() == before
	})
}

// TestStreamsOverAPipe: while nobody reads, the task that drains does not go on, and
// the reader holds no more than its limit allows.
func TestStreamsOverAPipe(t *testing.T) {
	for _, limit := range []int{1, 3000, 64 << 10} {
		l := newLoop(t)
		x := newStreamPipe(t, func(_ bool, fn func(context.Context, *engine.Loop) error) {
			inTaskOf(t, l, func(ctx context.Context) { must(t, fn(ctx, l)) })
		}, limit)
		writer := newTask(l, x.writes)
		var got tally
		waits := 0
		for got.n < x.bytes {
			x.settles(l)
			isEqual(t, "waits for the reader", x.stalled.Load(), !x.over.Load())
			isEqual(t, "within the limit", x.r.Unread() <= 2*limit+max(64<<10, 2*limit), true)
			if x.stalled.Load() {
				waits++
			}
			inTaskOf(t, l, func(ctx context.Context) { must(t, x.reads(ctx, &got, min(200_000, x.bytes-got.n))) })
		}
		isEqual(t, "waits", waits > 3, true)
		inTaskOf(t, l, func(ctx context.Context) { must(t, x.ends(ctx, got)) })
		untilSo(t, l, writer.Done)
		must(t, writer.Err())
		wantWatched(t, l, 0)
		isEqual(t, "memory of readers", l.StreamBlocks(), 0)
	}
}

// TestStreamsOverAPipeOfTwoLoops: the reader begins only when the writer waits.
func TestStreamsOverAPipeOfTwoLoops(t *testing.T) {
	in, out := newLoop(t), newLoop(t)
	start(t, in)
	start(t, out)
	x := newStreamPipe(t, func(writes bool, fn func(context.Context, *engine.Loop) error) {
		l := map[bool]*engine.Loop{false: in, true: out}[writes]
		must(t, taskErr(t, l, func(ctx context.Context) error { return fn(ctx, l) }))
	}, 3000)
	writer := engine.Submit(out, func(ctx context.Context) (struct{}, error) { return struct{}{}, x.writes(ctx) })
	must(t, taskErr(t, in, func(ctx context.Context) error {
		var got tally
		for got.n < x.bytes {
			for !x.stalled.Load() && !x.over.Load() {
				must(t, engine.Sleep(ctx, 0))
			}
			if err := x.reads(ctx, &got, min(200_000, x.bytes-got.n)); err != nil {
				return err
			}
		}
		return x.ends(ctx, got)
	}))
	_, err := writer.Wait(t.Context())
	must(t, err)
}
