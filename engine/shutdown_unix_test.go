//go:build unix

package engine_test

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestShutdownCounts: what was open, what was queued and what came to nothing is
// told apart, and a later call tells the same.
func TestShutdownCounts(t *testing.T) {
	l := newLoop(t)
	reportsOf(l)
	made := 0
	s := serveHere(t, l, func() engine.Protocol {
		if made++; made == 5 {
			panic("no protocol")
		}
		return greeter()
	}, engine.ServerOptions{})
	queued(t, s, 2)
	for s.Stats().Active < 2 || made < 2 {
		turn(t, l)
	}
	queued(t, s, 3)
	want := engine.ShutdownStats{Open: 2, Queued: 3, Closed: 4, Refused: 1}
	for range 2 {
		isEqual(t, "counts", shutdown(t, l, s), want)
	}
}

// TestShutdownCountsAborted: every byte of the connections that were cut off was
// taken by the system or is told to be unsent. One that reads is not cut off.
func TestShutdownCountsAborted(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, func() engine.Protocol {
		return &served{made: func(tr engine.Transport) { _, _ = io.WriteString(tr, manyBytes) }}
	}, local(engine.ServerOptions{}))
	to := address(t, l, s)
	for range 3 {
		client(t, to)
	}
	until(t, l, func() bool { return s.Stats().Active == 3 && s.Stats().BytesSent > 0 })
	reads := client(t, to)
	n, err := io.ReadFull(reads, make([]byte, len(manyBytes)))
	must(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	var counts engine.ShutdownStats
	over := asked(t, l, func() (err error) {
		counts, err = s.Shutdown(ctx)
		return err
	})
	hangsUp(t, reads)
	until(t, l, func() bool { return s.Stats().Closed == 1 })
	cancel(errTest)
	wantErr(t, "Shutdown", <-over, errTest)
	unsent := uint64(3*len(manyBytes)+n) - statsOf(t, l, s).BytesSent
	isEqual(t, "counts", counts, engine.ShutdownStats{Open: 4, Closed: 1, Aborted: 3, Unsent: unsent})
}

// TestClosedServerOfClosedLoop: a server that is closed already is not forgotten,
// and neither is a connection on its way to its protocol.
func TestClosedServerOfClosedLoop(t *testing.T) {
	l := newLoop(t)
	s, err := engine.RunUntilComplete(l, func(ctx context.Context) (*engine.Server, error) {
		return l.CreateServer(ctx, echo, local(engine.ServerOptions{}))
	})
	must(t, err)
	c := queued(t, s, 1)[0]
	for s.Stats().Accepted == 0 {
		turn(t, l)
	}
	isEqual(t, "counts before", s.Stats(), engine.ServerStats{Accepted: 1, Active: 1})
	s.Close()
	must(t, l.Close())
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("the connection is open")
	}
	isEqual(t, "counts", s.Stats(), engine.ServerStats{Accepted: 1, Refused: 1})
}

// fullGroup is a server of a group with a limit of one connection, which is
// taken: all others are in the kernel's queue, with data.
func fullGroup(t *testing.T, b engine.Balance, f engine.ProtocolFactory, others int) (s *engine.GroupServer, first net.Conn, list []net.Conn) {
	t.Helper()
	g := startGroup(t, 4)
	s = serveGroup(t, g, f, engine.GroupServerOptions{Balance: b, ServerOptions: engine.ServerOptions{MaxConnections: 1}})
	first = client(t, groupAddr(t, s))
	hears(t, first, "welcome ")
	for range others {
		c := client(t, groupAddr(t, s))
		_, err := io.WriteString(c, "data")
		must(t, err)
		list = append(list, c)
	}
	return s, first, list
}

// TestGroupShutdownTakesTheQueue: each connection of the queue gets what there is
// for it, on whatever loop it comes to be, and is gone when Shutdown returns.
func TestGroupShutdownTakesTheQueue(t *testing.T) {
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			const n = 40
			s, first, clients := fullGroup(t, balance, greeter, n)
			want := engine.ShutdownStats{Open: 1, Queued: n, Closed: n + 1}
			var calls sync.WaitGroup
			for range 2 {
				calls.Go(func() {
					counts, err := s.Shutdown(t.Context())
					must(t, err)
					isEqual(t, "counts", counts, want)
				})
			}
			calls.Wait()
			stats := totalOf(t, s)
			isEqual(t, "stats", stats, engine.ServerStats{
				Accepted: n + 1, Closed: n + 1, BytesReceived: n * 4, BytesSent: 8 + n*12,
			})
			hangsUp(t, first)
			for _, c := range clients {
				hears(t, c, "welcome data")
				hangsUp(t, c)
			}
			counts, err := s.Shutdown(t.Context())
			must(t, err)
			isEqual(t, "counts of a later call", counts, want)
			isEqual(t, "serving", s.IsServing(), false)
		})
	}
}

// totalOf is the sum of what the shards have done.
func totalOf(t *testing.T, s *engine.GroupServer) (sum engine.ServerStats) {
	t.Helper()
	list, err := s.Stats(t.Context())
	must(t, err)
	for _, x := range list {
		sum = sum.Add(x)
	}
	return sum
}

// TestGroupShutdownDeadline: nobody reads, and the deadline cuts off all, also
// those of the queue. A task that is cancelled is a deadline too, on a loop of the
// group or on another one.
func TestGroupShutdownDeadline(t *testing.T) {
	text := "welcome " + manyBytes
	for name, balance := range balances {
		for who, call := range map[string]func(*testing.T, *engine.GroupServer) (engine.ShutdownStats, error){
			"goroutine": shutExpired, "task": shutCancelled,
		} {
			t.Run(name+"/"+who, func(t *testing.T) {
				const n = 3
				s, _, _ := fullGroup(t, balance, func() engine.Protocol {
					return &served{made: func(tr engine.Transport) { _, _ = io.WriteString(tr, text) }}
				}, n)
				counts, err := call(t, s)
				if err == nil {
					t.Error("no error")
				}
				stats := totalOf(t, s)
				isEqual(t, "accepted and closed", [2]uint64{stats.Accepted, stats.Closed}, [2]uint64{n + 1, n + 1})
				isEqual(t, "active", stats.Active, 0)
				isEqual(t, "counts", counts, engine.ShutdownStats{
					Open: 1, Queued: n, Aborted: n + 1, Unsent: uint64((n+1)*len(text)) - stats.BytesSent,
				})
			})
		}
	}
}

// shutExpired gives the drain all the time, and the end none.
func shutExpired(t *testing.T, s *engine.GroupServer) (engine.ShutdownStats, error) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	counts, err := s.Shutdown(ctx)
	wantErr(t, "Shutdown", err, errTest)
	return counts, err
}

func shutCancelled(t *testing.T, s *engine.GroupServer) (counts engine.ShutdownStats, err error) {
	l := newLoop(t)
	_, _ = engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
		task := engine.CreateTask(l, func(ctx context.Context) (struct{}, error) {
			counts, err = s.Shutdown(ctx)
			return struct{}{}, err
		}, engine.TaskOptions{})
		must(t, engine.Sleep(ctx, 0)) // the task waits by now
		task.Cancel(nil)
		_, _ = engine.Await(ctx, task)
		return struct{}{}, nil
	})
	wantErr(t, "Shutdown", err, engine.ErrCancelled)
	return counts, err
}

// followed is a context that counts who waits for its end, which never comes.
type followed struct {
	context.Context
	done chan struct{}
	n    atomic.Int64
}

func (f *followed) Done() <-chan struct{} { return f.done }

func (f *followed) AfterFunc(func()) (stop func() bool) {
	f.n.Add(1)
	return func() bool { return f.n.Add(-1) >= 0 }
}

// TestShutdownLeavesItsContext: nothing of a Shutdown that is over waits for the end
// of its context, which may live on.
func TestShutdownLeavesItsContext(t *testing.T) {
	l := servingLoop(t)
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	ctx := &followed{Context: t.Context(), done: make(chan struct{})}
	_, err := s.Shutdown(ctx)
	must(t, err)
	isEqual(t, "who waits for its end", ctx.n.Load(), 0)
}
