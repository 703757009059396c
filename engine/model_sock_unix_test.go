//go:build unix

package engine_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// ledger is what one side of a stream has moved: every byte, counted and hashed.
type ledger struct {
	count int
	sum   hash.Hash
}

func (g *ledger) add(p []byte) {
	g.count += len(p)
	g.sum.Write(p)
}

// flow is one direction of a socket pair: a sender and a receiver whose calls are
// cancelled at random. Whatever is cancelled, what the calls say was moved is what
// was moved.
type flow struct {
	t              *testing.T
	l              *engine.Loop
	from, to       *engine.Socket
	sent, received ledger
	sends, recvs   *rand.Rand
}

func newFlow(t *testing.T, l *engine.Loop, from, to *engine.Socket, rng *rand.Rand) *flow {
	part := func() *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) }
	return &flow{
		t: t, l: l, from: from, to: to,
		sent: ledger{sum: sha256.New()}, received: ledger{sum: sha256.New()}, sends: part(), recvs: part(),
	}
}

// calls is how a flow makes a call that may be cancelled; cut reports that it was.
type calls func(rng *rand.Rand, call func(ctx context.Context) error) (err error, cut bool)

// send sends total bytes, and ends the stream.
func (f *flow) send(total int, do calls) {
	data := make([]byte, 1<<17)
	for f.sent.count < total {
		p := data[:1+f.sends.IntN(min(len(data), total-f.sent.count))]
		for i := range p {
			p[i] = byte(f.sends.Uint32())
		}
		n := 0
		err, cut := do(f.sends, func(ctx context.Context) (err error) { n, err = f.l.SockSendall(ctx, f.from, p); return err })
		if f.sent.add(p[:n]); err != nil && !cut {
			f.t.Errorf("the sender, after %d bytes: %v", f.sent.count, err)
			break
		}
	}
	if err := f.from.Shutdown(engine.ShutWR); err != nil {
		f.t.Errorf("shutdown: %v", err)
	}
}

// receive receives to the end.
func (f *flow) receive(do calls) {
	buf := make([]byte, 1<<17)
	for {
		p := buf[:1+f.recvs.IntN(len(buf))]
		n := 0
		err, cut := do(f.recvs, func(ctx context.Context) (err error) { n, err = f.l.SockRecvInto(ctx, f.to, p); return err })
		f.received.add(p[:n])
		switch {
		case err == io.EOF:
			return
		case cut && n != 0:
			f.t.Errorf("a call that was cancelled has taken %d bytes", n)
		case err != nil && !cut:
			f.t.Errorf("the receiver, after %d bytes: %v", f.received.count, err)
			return
		}
	}
}

// check compares the two sides.
func (f *flow) check() {
	f.t.Helper()
	if f.sent.count != f.received.count || string(f.sent.sum.Sum(nil)) != string(f.received.sum.Sum(nil)) {
		f.t.Errorf("%d bytes were sent, and %d, or others, received", f.sent.count, f.received.count)
	}
}

// TestModelSockTasks: two flows, both ways, by tasks that are cancelled at every
// point of a call.
func TestModelSockTasks(t *testing.T) {
	rng := seeded(t)
	for _, pair := range []func(*testing.T) (a, b *engine.Socket){streams, tcpPair} {
		a, b := pair(t)
		l := newLoop(t)
		there, back := newFlow(t, l, a, b, rng), newFlow(t, l, b, a, rng)
		runTask(t, l, func(ctx context.Context) {
			var all []*engine.Task[int]
			for _, f := range []*flow{there, back} {
				all = append(all,
					newTask(l, func(c context.Context) error { f.send(2<<20, within(c, l)); return nil }),
					newTask(l, func(c context.Context) error { f.receive(within(c, l)); return nil }))
			}
			for _, task := range all {
				await(t, ctx, task)
			}
		})
		there.check()
		back.check()
		wantWatched(t, l, 0)
	}
}

// within makes calls in tasks of their own, for a task.
func within(ctx context.Context, l *engine.Loop) calls {
	return func(rng *rand.Rand, call func(context.Context) error) (error, bool) {
		return cutTask(ctx, l, rng, call)
	}
}

// cutTask makes a call in a task, and cancels that after some turns, or never.
func cutTask(ctx context.Context, l *engine.Loop, rng *rand.Rand, call func(context.Context) error) (err error, cut bool) {
	task := newTask(l, func(ctx context.Context) error { err = call(ctx); return err })
	if rng.IntN(3) > 0 {
		for range rng.IntN(5) {
			_ = engine.Sleep(ctx, 0)
		}
		task.Cancel(errReason)
	}
	_, failed := engine.Await(ctx, task)
	return failed, errors.Is(failed, errReason)
}

// TestModelSockGoroutines: the same by goroutines, whose calls end by a time limit.
func TestModelSockGoroutines(t *testing.T) {
	rng := seeded(t)
	a, b := streams(t)
	l := newLoop(t)
	start(t, l)
	do := func(rng *rand.Rand, call func(context.Context) error) (error, bool) {
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Duration(rng.IntN(2000))*time.Microsecond, errReason)
		defer cancel()
		err := call(ctx)
		return err, errors.Is(err, errReason)
	}
	there, back := newFlow(t, l, a, b, rng), newFlow(t, l, b, a, rng)
	var all sync.WaitGroup
	for _, f := range []*flow{there, back} {
		all.Go(func() { f.send(1<<20, do) })
		all.Go(func() { f.receive(do) })
	}
	all.Wait()
	there.check()
	back.check()
	waitWatched(t, l, 0)
}

// TestModelSockClose: sockets are closed at a random point of the calls of both
// sides, by a task or a goroutine. The end comes, and what has arrived is a part of
// what was sent.
func TestModelSockClose(t *testing.T) {
	rng := seeded(t)
	l := newLoop(t)
	for range 40 {
		a, b := streams(t)
		sent, got := 0, 0
		elsewhere, turns := rng.IntN(2) == 0, rng.IntN(8)
		runTask(t, l, func(ctx context.Context) {
			sender := newTask(l, func(ctx context.Context) (err error) {
				sent, err = l.SockSendall(ctx, a, make([]byte, 4<<20))
				return err
			})
			receiver := newTask(l, func(ctx context.Context) error {
				for {
					n, err := l.SockRecvInto(ctx, b, make([]byte, 1<<16))
					got += n
					if err != nil {
						return err
					}
				}
			})
			for range turns {
				must(t, engine.Sleep(ctx, 0))
			}
			closing := func() { must(t, errors.Join(a.Close(), b.Close())) }
			if elsewhere {
				await(t, ctx, newTask(l, func(ctx context.Context) error {
					_, err := engine.Await(ctx, engine.RunInExecutor(l, nil, func() (int, error) { closing(); return 0, nil }))
					return err
				}))
			} else {
				closing()
			}
			if _, err := engine.Await(ctx, sender); err != nil || sent != 4<<20 {
				wantErr(t, "the sender", err, net.ErrClosed)
			}
			if _, err := engine.Await(ctx, receiver); !elsewhere || err != io.EOF { // the sender's end was closed before
				wantErr(t, "the receiver", err, net.ErrClosed)
			}
		})
		if got > sent {
			t.Errorf("%d bytes were sent, and %d received", sent, got)
		}
	}
	wantWatched(t, l, 0)
}
