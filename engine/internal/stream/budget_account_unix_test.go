//go:build unix

package stream

import (
	"fmt"
	"sync"
	"testing"
)

// TestAnAccountMovesInSteps: rounded down, and not for less than half a step
// downwards.
func TestAnAccountMovesInSteps(t *testing.T) {
	const step = budgetStep
	b := NewBudget(1 << 30)
	a := account{budget: b}
	for _, c := range []struct{ held, counted int64 }{
		{0, 0},
		{step - 1, 0},
		{step, step},
		{2*step - 1, step},
		{step / 2, step},
		{step/2 - 1, 0},
		{5*step + 7, 5 * step},
		{4*step + step/2, 5 * step},
		{4*step + step/2 - 1, 4 * step},
		{0, 0},
	} {
		a.settle(c.held)
		equal(t, fmt.Sprint("counted of ", c.held), a.counted, c.counted)
		equal(t, "used", b.Used(), int(a.counted))
		if edge := a.edge(never); a.counted > 0 {
			equal(t, "edge", edge, a.counted+step-1)
			equal(t, "down to", c.held-a.matters(c.held), a.counted-step/2-1)
		} else {
			equal(t, "nothing matters", a.matters(c.held), never)
		}
	}
	equal(t, "edge of a lower limit", a.edge(7), 7)
	equal(t, "edge without a budget", (&account{}).edge(never), never)
}

// TestABudgetIsOver above its limit, until three quarters of it.
func TestABudgetIsOver(t *testing.T) {
	b := NewBudget(100)
	for _, c := range []struct {
		used int64
		over bool
	}{{100, false}, {101, true}, {76, true}, {75, false}, {100, false}, {1000, true}, {0, false}} {
		b.move(c.used - b.used.Load())
		equal(t, fmt.Sprint("over at ", c.used), b.over.Load(), c.over)
		b.turn() // for nothing
		equal(t, fmt.Sprint("still over at ", c.used), b.over.Load(), c.over)
	}
}

// TestABudgetLocksSeldom: never for a move after which its state is as it was.
func TestABudgetLocksSeldom(t *testing.T) {
	for _, over := range []bool{false, true} {
		b := NewBudget(100)
		b.over.Store(over)
		b.used.Store(90)
		b.mu.Lock()
		for _, used := range []int64{100, 76, map[bool]int64{true: 1000}[over]} {
			b.move(used - b.used.Load())
		}
		b.mu.Unlock()
		equal(t, "over", b.over.Load(), over)
	}
}

// TestABudgetUnderFire: whatever moves at the same time, in the end the state is
// that of what is used.
func TestABudgetUnderFire(t *testing.T) {
	for range 200 {
		b := NewBudget(100)
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				for range 50 {
					b.move(40)
					b.move(-40)
				}
				if i == 0 {
					b.move(101)
				}
			})
		}
		all.Wait()
		equal(t, "over", b.over.Load(), true)
		b.move(-101)
		equal(t, "over", b.over.Load(), false)
	}
}
