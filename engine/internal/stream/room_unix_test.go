//go:build unix

package stream

import (
	"context"
	"errors"
	"runtime"
	"testing"
)

// asks waits until so many goroutines wait for room in a stream.
func (o *owner) asks(n int) {
	for r := &o.shard.room; ; runtime.Gosched() {
		r.mu.Lock()
		a := r.more[&o.Stream]
		done := a == nil && n == 0 || a != nil && a.n == n
		r.mu.Unlock()
		if done {
			return
		}
	}
}

// posts has a goroutine wait for room for a byte.
func (o *owner) posts(ctx context.Context) <-chan error {
	result := make(chan error, 1)
	go func() { result <- o.PostWait(ctx, []byte("x")) }()
	return result
}

// TestArrivalEndsAWait: what was on its way makes room once it has arrived, also when
// the stream was never full.
func TestArrivalEndsAWait(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.SetMarks(0, 100)
		must(t, o.Post(pattern(100)))
		first, second := o.posts(t.Context()), o.posts(t.Context())
		o.asks(2)
		w.turn()
		must(t, <-first)
		must(t, <-second)
		w.turn()
		o.says("")
		p.read()
		equal(t, "sent", p.in.n, 102)
		w.end(o)
	})
}

// TestNobodyWaitsForAClosedLoop, in whichever stream.
func TestNobodyWaitsForAClosedLoop(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		var results []<-chan error
		var all []*owner
		for range 3 {
			o, _ := w.connect(unixPair)
			all = append(all, o)
		}
		for _, o := range all {
			o.SetMarks(0, 100)
			must(t, o.Post(pattern(100)))
			results = append(results, o.posts(t.Context()))
			o.asks(1)
		}
		must(t, w.r.Close())
		w.sh.Close()
		for i, o := range all {
			equal(t, "result", <-results[i], ErrClosing)
			o.Drop()
		}
	})
}

// TestNobodyWaitsNobodyIsTold, and then the lock is left alone.
func TestNobodyWaitsNobodyIsTold(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		w.sh.room.mu.Lock()
		w.turn(func() { w.sh.room.tell(&o.Stream) })
		w.sh.room.mu.Unlock()
		w.end(o)
	})
}

// TestWaitsLeaveNothing: neither one that needs not wait, nor one that gives up while
// another one waits on.
func TestWaitsLeaveNothing(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		must(t, o.PostWait(t.Context(), []byte("x")))
		o.asks(0)
		equal(t, "asked", w.sh.room.asked.Load(), 0)
		o.SetMarks(0, 100)
		must(t, o.Post(pattern(99)))
		why := errors.New("why")
		var results []<-chan error
		var cancels []context.CancelCauseFunc
		for i := range 2 {
			ctx, cancel := context.WithCancelCause(t.Context())
			results, cancels = append(results, o.posts(ctx)), append(cancels, cancel)
			o.asks(i + 1)
		}
		for i, cancel := range cancels {
			cancel(why)
			equal(t, "result", <-results[i], why)
			o.asks(1 - i)
			equal(t, "asked", w.sh.room.asked.Load(), int32(1-i))
		}
		w.turn()
		w.end(o)
	})
}
