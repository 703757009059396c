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

// TestAPanicInTheQueue costs nobody else the turn, wherever in the queue, and though
// more is held by then than what ends a pause.
func TestAPanicInTheQueue(t *testing.T) {
	for who := range 3 {
		onLimited(t, 4, func(t *testing.T, w *world) {
			var k kept
			k.keep(w, 5)
			var all []*owner
			for range 3 {
				o, p := w.connect(unixPair)
				p.write([]byte("x"))
				w.turn()
				all = append(all, o)
			}
			all[who].onData = func() { k.keep(w, 4); panic("boom") }
			k.release(5)
			w.turns(3)
			equal(t, "faults", len(w.faults), 1)
			equal(t, "eased", w.eased, 1)
			w.paused(false, 1)
			k.release(4)
			for i, o := range all {
				if i == who {
					o.says("data(1) lost:boom")
					continue
				}
				o.says("data(1)")
				w.end(o)
			}
		})
	}
}

// TestAPauseThatCannotEndYet goes on: what was free when its end was scheduled is
// taken before it comes.
func TestAPauseThatCannotEndYet(t *testing.T) {
	for _, ofTheBudget := range []bool{false, true} {
		budget := NewBudget(8 * budgetStep)
		onLimits(t, func(c *Config) { c.MemoryLimit, c.Budget = 8*buffers.MinBlock, budget }, func(t *testing.T, w *world) {
			o, p := w.connect(unixPair)
			var k kept
			k.keep(w, 9)
			p.write([]byte("x"))
			w.turn()
			take, giveBack := func() { k.keep(w, 1) }, func() { k.release(1) }
			if ofTheBudget {
				take, giveBack = func() { budget.move(9 * budgetStep) }, func() { budget.move(-9 * budgetStep) }
			}
			w.turn(func() { k.release(3); w.sh.Account(); take() })
			w.turns(2)
			o.says("")
			w.paused(true, 1)
			equal(t, "eased", w.eased, 0)
			giveBack()
			w.turns(2)
			o.says("data(1)")
			w.paused(false, 1)
			equal(t, "eased", w.eased, 1)
			k.release(len(k))
			w.end(o)
		})
	}
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
