//go:build unix

package stream

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// sharing makes worlds that share a budget of 8 steps.
func sharing(t *testing.T, pollers ...poller.Poller) (*Budget, []*world) {
	b := NewBudget(8 * budgetStep)
	var list []*world
	for _, p := range pollers {
		list = append(list, newWorld(t, p, func(c *Config) { c.Budget = b }))
	}
	return b, list
}

func bestPoller(t *testing.T) poller.Poller {
	p, err := poller.New()
	must(t, err)
	return p
}

// keepSteps retains n steps.
func (k *kept) keepSteps(w *world, n int) {
	for range n {
		*k = append(*k, w.sh.Retain(make([]byte, budgetStep)))
	}
}

// TestABudgetPausesAll who share it, until they hold less together.
func TestABudgetPausesAll(t *testing.T) {
	b, w := sharing(t, bestPoller(t), bestPoller(t))
	o, p := w[1].connect(unixPair)
	var k kept
	k.keepSteps(w[0], 8)
	w[0].turn()
	p.write([]byte("a"))
	w[1].turn()
	o.says("data(1)")
	k.keepSteps(w[0], 1)
	w[0].turn()
	w[0].paused(true, 1)
	p.write([]byte("b"))
	w[1].turns(3)
	o.says("data(1)")
	w[1].paused(true, 1)
	equal(t, "waiting", len(b.waiting), 2) // once each
	k.release(2)
	w[0].turn()
	w[1].turns(3)
	o.says("data(1)")
	k.release(1)
	w[0].turn()
	w[1].turns(2)
	o.says("data(1) data(1)")
	w[0].paused(false, 1)
	w[1].paused(false, 1)
	for _, m := range b.waiting[:cap(b.waiting)] {
		equal(t, "kept of who waited", m, nil)
	}
	k.release(6)
	w[1].end(o)
}

// TestABudgetIsSettledWithinATurn: before a read, so that the turn's events do not
// pass it all at once.
func TestABudgetIsSettledWithinATurn(t *testing.T) {
	b, w := sharing(t, bestPoller(t))
	var k kept
	heard := 0
	var all []*owner
	for range 20 {
		o, p := w[0].connect(unixPair)
		o.onData = func() { heard++; k.keepSteps(w[0], 1) }
		p.write([]byte("x"))
		all = append(all, o)
	}
	w[0].turn()
	equal(t, "heard in the turn", heard, 9)
	equal(t, "used", b.Used(), 9*budgetStep)
	k.release(9)
	w[0].turns(2)
	equal(t, "heard after it", heard, 18)
	k.release(9)
	w[0].turns(2)
	k.release(2)
	for _, o := range all {
		w[0].end(o)
	}
}

// TestABudgetEndsWithinATurn: what another loop takes counts before the next read.
func TestABudgetEndsWithinATurn(t *testing.T) {
	b, w := sharing(t, bestPoller(t))
	heard := 0
	var all []*owner
	var peers []*peer
	for range 2 {
		o, p := w[0].connect(unixPair)
		o.onData = func() { heard++; b.move(9 * budgetStep) }
		all, peers = append(all, o), append(peers, p)
	}
	for _, p := range peers {
		p.write([]byte("x"))
	}
	w[0].turn()
	equal(t, "heard in the turn", heard, 1)
	b.move(-9 * budgetStep)
	w[0].turns(2)
	equal(t, "heard after it", heard, 2)
	b.move(-9 * budgetStep)
	w[0].turns(2)
	for _, o := range all {
		w[0].end(o)
	}
}

// TestABudgetWakesWhoSleeps: the loop that waits, when another one that sleeps too
// is given back what it holds on a third goroutine.
func TestABudgetWakesWhoSleeps(t *testing.T) {
	for range 20 {
		a := &waits{Poller: bestPoller(t), asleep: make(chan struct{}, 1)}
		b := &waits{Poller: bestPoller(t), asleep: make(chan struct{}, 1)}
		budget, w := sharing(t, a, b)
		o, p := w[1].connect(unixPair)
		o.onData = w[1].r.Stop
		var k kept
		k.keepSteps(w[0], 9)
		w[0].turn()
		p.write([]byte("x"))
		w[1].until(o.Starved)
		a.wakes.Store(0)
		b.wakes.Store(0)
		runs := make(chan error, 2)
		for _, w := range w {
			go func() { runs <- w.r.Run() }()
		}
		<-a.asleep
		<-b.asleep
		k.release(9)
		must(t, <-runs)
		o.says("data(1)")
		w[0].r.Stop()
		must(t, <-runs)
		w[0].turn()
		equal(t, "used", budget.Used(), 0)
		if n := b.wakes.Load(); n > 1 {
			t.Errorf("%d wake-ups", n)
		}
		if n := a.wakes.Load(); n > 11 {
			t.Errorf("%d wake-ups by 9 releases", n)
		}
		w[1].end(o)
	}
}

// TestAClosedLoopHoldsNothing of a budget, and waits for nothing.
func TestAClosedLoopHoldsNothing(t *testing.T) {
	b := NewBudget(8 * budgetStep)
	share := func(c *Config) { c.Budget = b }
	w, last := newWorld(t, bestPoller(t), share), newWorld(t, bestPoller(t), share)
	var k kept
	o, p := last.connect(unixPair)
	k.keepSteps(w, 10)
	w.turn()
	p.write([]byte("x"))
	last.turn()
	equal(t, "starved", o.Starved(), true)
	equal(t, "waiting", len(b.waiting), 2)
	must(t, w.r.Close())
	w.sh.Close()
	w.sh.Close() // which gives back nothing twice
	equal(t, "used", b.Used(), 0)
	last.turns(2)
	o.says("data(1)")
	k.release(10) // of a closed loop
	equal(t, "used", b.Used(), 0)
	b.move(9 * budgetStep)
	last.turn()
	last.paused(true, 2)
	equal(t, "waiting", len(b.waiting), 1)
	must(t, last.r.Close())
	o.Drop()
	last.sh.Close()
	equal(t, "waiting", len(b.waiting), 0)
	b.move(-9 * budgetStep)
	p.close()
}

// TestBothLimits: a loop has its own besides.
func TestBothLimits(t *testing.T) {
	b := NewBudget(8 * budgetStep)
	w := newWorld(t, bestPoller(t), func(c *Config) { c.Budget, c.MemoryLimit = b, 2*budgetStep })
	o, p := w.connect(unixPair)
	var k kept
	k.keepSteps(w, 3)
	p.write([]byte("x"))
	w.turns(2)
	w.paused(true, 1)
	b.move(6 * budgetStep)
	k.release(3)
	w.turns(2)
	o.says("data(1)")
	k.keepSteps(w, 3)
	w.turn()
	w.paused(true, 2)
	p.write([]byte("x"))
	k.release(3)
	w.turns(2)
	o.says("data(1) data(1)")
	k.keepSteps(w, 2)
	b.move(budgetStep)
	w.turn()
	w.paused(true, 3)
	k.release(2)
	p.write([]byte("x"))
	w.turns(2)
	w.paused(true, 3)
	b.move(-budgetStep)
	w.turns(2)
	o.says("data(1) data(1) data(1)")
	b.move(-6 * budgetStep)
	w.end(o)
}
