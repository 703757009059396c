//go:build unix

package engine_test

import (
	"cmp"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestScaleChurn opens and closes many connections while goroutines post to
// them, and wants each byte that was accepted at the other end: the tallies of
// both sides are the same.
func TestScaleChurn(t *testing.T) {
	servers, clients := servingLoop(t), servingLoop(t)
	c := &churn{t: t, loop: clients}
	s := serve(t, servers, c.sink, local(engine.ServerOptions{Backlog: 1024}))
	c.at = address(t, servers, s)
	total := scaled(10_000, 2000)
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for i := c.next.Add(1); i <= int64(total); i = c.next.Add(1) {
				c.live(uint64(i))
			}
		})
	}
	workers.Wait()
	until(t, servers, func() bool { return s.Stats().Closed == uint64(total) })
	c.compare(total)
}

// churn is what the connections of a test have in common.
type churn struct {
	t    *testing.T
	loop *engine.Loop // of those who post
	at   net.Addr
	next atomic.Int64

	mu       sync.Mutex
	sent     []tally // guarded by mu
	received []tally // guarded by mu
}

// sink is the protocol of the other end, which writes down what came.
func (c *churn) sink() engine.Protocol {
	var got tally
	return &served{
		data: got.add,
		lost: func(err error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if err != nil {
				c.t.Errorf("lost with %v after %d bytes", err, got.n)
			}
			c.received = append(c.received, got)
		},
	}
}

// compare wants both sides to have seen the same streams, in any order.
func (c *churn) compare(total int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	isEqual(c.t, "connections", len(c.sent), total)
	for _, list := range [][]tally{c.sent, c.received} {
		slices.SortFunc(list, func(a, b tally) int { return cmp.Or(a.n-b.n, cmp.Compare(a.hash, b.hash)) })
	}
	if !slices.Equal(c.sent, c.received) {
		c.t.Errorf("the peers of %d connections have received something else", total)
	}
}

// live is the life of connection i: two goroutines post until they are refused.
func (c *churn) live(i uint64) {
	lost := make(chan error, 1)
	p := &served{lost: func(err error) { lost <- err }}
	tr, _, err := c.loop.CreateConnection(context.Background(), func() engine.Protocol { return p }, at(c.at))
	if err != nil {
		c.t.Errorf("connection %d: %v", i, err)
		return
	}
	f := &flood{tr: tr, source: newSource(i)}
	other := make(chan struct{})
	go func() { defer close(other); f.post() }()
	_, err = c.loop.CallSoonThreadsafe(func() {
		if i%2 == 0 {
			tr.Close()
		} else if err := tr.WriteEOF(); err != nil {
			c.t.Errorf("WriteEOF: %v", err)
		}
	})
	if err != nil {
		c.t.Errorf("connection %d: %v", i, err)
		return
	}
	f.post()
	<-other
	if err := <-lost; err != nil {
		c.t.Errorf("connection %d: lost with %v", i, err)
	}
	c.add(f)
}

func (c *churn) add(f *flood) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, f.accepted)
	if f.owned != int(f.released.Load()) {
		c.t.Errorf("%d releases of %d", f.released.Load(), f.owned)
	}
}

// flood is what is posted to one connection, by several goroutines in turn, so
// that its order is known.
type flood struct {
	tr       engine.Transport
	mu       sync.Mutex
	source   *source // guarded by mu
	accepted tally   // guarded by mu
	owned    int     // guarded by mu
	released atomic.Int64
}

// post goes on until the transport takes no more.
func (f *flood) post() {
	for n := 0; f.one(n); n++ {
	}
}

func (f *flood) one(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.source.next(1 + n*37%1500)
	err := f.try(n, p)
	if err == engine.ErrWouldBlock {
		err = f.tr.PostWait(context.Background(), p)
	}
	if err == nil {
		f.accepted.add(p)
	}
	return err == nil
}

// try posts in one way or the other.
func (f *flood) try(n int, p []byte) error {
	if n%3 > 0 {
		return f.tr.Post(p)
	}
	err := f.tr.PostOwned(p, func() { f.released.Add(1) })
	if err == nil {
		f.owned++
	}
	return err
}
