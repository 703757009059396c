package stream

import (
	"slices"
	"sync"
	"sync/atomic"
)

// budgetStep is how many bytes a loop moves in or out of a budget at a time. So
// much of each loop may be left out of the count: as much as one write buffer at
// the high mark.
const budgetStep = 64 << 10

// Budget is a limit that several loops share. What a loop holds counts by steps,
// so that loops that are busy seldom meet here.
//
//	        used > limit
//	open ------------------> over: nobody reads
//	  ^                       |
//	  +-----------------------+
//	   used is down to endOf: who waits is woken, by one post each
type Budget struct {
	limit int64
	over  atomic.Bool // read all the time
	_     [64]byte
	used  atomic.Int64 // written now and then

	mu      sync.Mutex
	waiting []*memory // guarded by mu
}

// NewBudget makes a budget of a number of bytes, at least one.
func NewBudget(bytes int) *Budget { return &Budget{limit: int64(bytes)} }

// Used is what the loops hold, as far as it counts. Any goroutine.
func (b *Budget) Used() int { return int(b.used.Load()) }

// move counts n bytes more, or less.
func (b *Budget) move(n int64) {
	used := b.used.Add(n)
	if over := b.over.Load(); over && used <= endOf(b.limit) || !over && used > b.limit {
		b.turn()
	}
}

// turn changes the state until it agrees with what is used: whoever moves
// meanwhile sees the new state, or is seen here. It swaps, as the reactor's mailbox does.
func (b *Budget) turn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		switch used := b.used.Load(); {
		case !b.over.Load() && used > b.limit:
			b.over.Swap(true)
		case b.over.Load() && used <= endOf(b.limit):
			b.over.Swap(false)
			b.wake()
		default:
			return
		}
	}
}

// wake has the lock.
func (b *Budget) wake() {
	for _, m := range b.waiting {
		m.account.waiting = false
		m.wake()
	}
	clear(b.waiting)
	b.waiting = b.waiting[:0]
}

// leave takes out a loop that is closed.
func (b *Budget) leave(m *memory) {
	b.mu.Lock()
	b.waiting = slices.DeleteFunc(b.waiting, func(o *memory) bool { return o == m })
	b.mu.Unlock()
	b.move(-m.account.counted)
	m.account.counted = 0
}

// account is a loop's part of a budget.
type account struct {
	budget  *Budget // nil for none
	counted int64   // of the budget's used, in whole steps
	waiting bool    // guarded by budget.mu
}

func (a *account) exhausted() bool { return a.budget != nil && a.budget.over.Load() }

// awaits reports whether the budget is used up, and has the loop woken when it is
// not any more.
func (a *account) awaits(m *memory) bool {
	if a.budget == nil {
		return false
	}
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	if !a.budget.over.Load() {
		return false
	}
	if !a.waiting {
		a.waiting = true
		a.budget.waiting = append(a.budget.waiting, m)
	}
	return true
}

// settle counts what is held by whole steps, rounded down, so that a loop that
// holds next to nothing has no part in it. What goes up and down by less than half a
// step changes nothing.
func (a *account) settle(held int64) {
	if a.budget == nil || held < a.counted+budgetStep && held >= a.counted-budgetStep/2 {
		return
	}
	steps := held - held%budgetStep
	a.budget.move(steps - a.counted)
	a.counted = steps
}

// edge is what may be held at most before there is something to settle.
func (a *account) edge(limit int64) int64 {
	if a.budget == nil {
		return limit
	}
	return min(limit, a.counted+budgetStep-1)
}

// matters is how much less has to be held until there is something to settle.
func (a *account) matters(held int64) int64 {
	if a.counted == 0 {
		return never
	}
	return held - (a.counted - budgetStep/2) + 1
}
