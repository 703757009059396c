//go:build unix

package stream

import (
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/poller"
)

// TestEndsInAPause: a stream that waits to read closes and aborts as ever, and
// hears no more.
func TestEndsInAPause(t *testing.T) {
	for _, end := range []func(*owner){func(o *owner) { o.Close() }, func(o *owner) { o.Abort() }, func(o *owner) { o.WriteEOF() }} {
		onLimited(t, 4, func(t *testing.T, w *world) {
			o, p := w.connect(tcpPair)
			var k kept
			k.keep(w, 5)
			p.write([]byte("x"))
			w.until(o.Starved)
			w.turn(func() { o.write([]byte("bye")); end(o) })
			for !p.ended && p.err == nil {
				p.read()
				w.turn()
			}
			equal(t, "starved", o.Starved(), !o.over)
			k.release(5)
			w.turns(3)
			if !o.over {
				o.says("data(1)")
				equal(t, "sent", p.in, o.out)
				w.end(o)
			} else {
				o.says("lost")
			}
			p.close()
			w.gone()
		})
	}
}

// TestAPanicInTheQueue costs nobody else the turn.
func TestAPanicInTheQueue(t *testing.T) {
	onLimited(t, 4, func(t *testing.T, w *world) {
		var k kept
		k.keep(w, 5)
		var all []*owner
		for i := range 3 {
			o, p := w.connect(unixPair)
			if i == 0 {
				o.onData = func() { panic("boom") }
			}
			p.write([]byte("x"))
			w.turn()
			all = append(all, o)
		}
		k.release(5)
		w.turns(2)
		equal(t, "faults", len(w.faults), 1)
		all[0].says("data(1) lost:boom")
		all[1].says("data(1)")
		all[2].says("data(1)")
		equal(t, "eased", w.eased, 1)
		w.end(all[1])
		w.end(all[2])
	})
}

// waits is a poller that tells when the loop sleeps, and counts who wakes it.
type waits struct {
	poller.Poller
	asleep chan struct{}
	wakes  atomic.Int32
}

func (p *waits) Wait(deadline int64, mode poller.Mode) ([]poller.Event, error) {
	select {
	case p.asleep <- struct{}{}:
	default:
	}
	return p.Poller.Wait(deadline, mode)
}

// Traits keep the loop from looking now and then whether it is woken in time.
func (p *waits) Traits() poller.Traits {
	traits := p.Poller.Traits()
	traits.Park = false
	return traits
}

func (p *waits) Wake() error {
	p.wakes.Add(1)
	return p.Poller.Wake()
}

// TestAReleaseWakesTheLoop that sleeps in a pause, on whatever goroutine: the one
// that makes the difference, and no other.
func TestAReleaseWakesTheLoop(t *testing.T) {
	for range 20 {
		best, err := poller.New()
		must(t, err)
		p := &waits{Poller: best, asleep: make(chan struct{}, 1)}
		w := newWorld(t, p, func(c *Config) { c.MemoryLimit = 8 * buffers.MinBlock })
		o, q := w.connect(unixPair)
		var k kept
		k.keep(w, 10)
		q.write([]byte("x"))
		w.until(o.Starved)
		o.onData = w.r.Stop
		p.wakes.Store(0)
		run := make(chan error)
		go func() { run <- w.r.Run() }()
		<-p.asleep
		k.release(4)
		must(t, <-run)
		o.says("data(1)")
		if n := p.wakes.Load(); n > 1 {
			t.Errorf("%d wake-ups by 4 releases", n)
		}
		k.release(6)
		w.end(o)
	}
}

// TestTheQueueForgetsWhoEnded: it does not grow with streams that come and go in
// a pause, and keeps the order of those that stay.
func TestTheQueueForgetsWhoEnded(t *testing.T) {
	var q queue
	var want []*Stream
	for i := range 10000 {
		s := &Stream{state: lost}
		if i%1000 == 0 {
			s.state = open
			want = append(want, s)
		}
		q.push(s)
	}
	if cap(q.list) > 100 {
		t.Errorf("room for %d of 10", cap(q.list))
	}
	for q.len() > 0 {
		if s := q.pop(); s.state == open {
			equal(t, "in their order", s, want[0])
			want = want[1:]
		}
	}
	equal(t, "left out", len(want), 0)
	equal(t, "from the beginning", q.head, 0)
}

// TestTheQueueInUse: whatever comes between, what goes in comes out.
func TestTheQueueInUse(t *testing.T) {
	var q queue
	all := make([]*Stream, 1000)
	in, out := 0, 0
	for in < len(all) {
		for range 1 + in%7 {
			if in < len(all) {
				all[in] = &Stream{state: open}
				q.push(all[in])
				in++
			}
		}
		for range in % 5 {
			if q.len() > 0 {
				equal(t, "out", q.pop(), all[out])
				out++
			}
		}
	}
	equal(t, "left", q.len(), in-out)
	for ; q.len() > 0; out++ {
		equal(t, "out", q.pop(), all[out])
	}
}

// TestThePauseAllocatesNothing, once the queue has its room.
func TestThePauseAllocatesNothing(t *testing.T) {
	var q queue
	s := &Stream{state: open}
	for range 100 {
		q.push(s)
	}
	for q.len() > 0 {
		q.pop()
	}
	if n := testing.AllocsPerRun(100, func() {
		for range 100 {
			q.push(s)
		}
		for q.len() > 0 {
			q.pop()
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
