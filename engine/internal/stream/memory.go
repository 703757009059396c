package stream

import "sync/atomic"

// A pause ends when one part in so many of the limit is free: below that, a loop
// at its limit would begin and end one with every buffer that is sent.
const pauseEndsWith = 4

// endOf is at how many bytes a pause for a limit ends.
func endOf(limit int64) int64 { return limit - limit/pauseEndsWith }

// memory is what the streams of a loop hold, and what is done about it when that
// is too much: the loop stops to read and to accept. What is written is still
// taken and sent, so that memory becomes free.
//
//	           held > limit, or the budget is used up
//	reading -----------------------------------------> paused
//	   ^                                                 |
//	   | the queue                held is down to endOf, |
//	   | is read                  and the budget is not  |
//	   |                                used up          v
//	   +---------------------------------------------- resume
//	                                  in the next turn
//
// Who has input meanwhile stands in a queue, and reads first when the pause is
// over, in the order of arrival, as far as there is memory: so whoever has most to
// send keeps nobody else waiting. A stream that stays silent costs nothing.
//
// Held are the blocks in write chains, the memory in them that was handed over,
// what Retain keeps, and what is posted and has not arrived. All but the last two
// are counted by the loop in plain memory. The loop looks before each read and each
// accept, so that one callback is what the limit can be passed by, and before each
// poll, so that no change is slept over. Only memory that another goroutine
// releases changes while the loop sleeps: wakeAt is how much has to be released
// until that matters.
//
// It is nil on a loop without limits.
type memory struct {
	shard     *Shard
	limit     int64
	edge      int64 // above it something is to be done
	paused    bool
	scheduled bool // resume is
	pauses    uint64
	stalled   queue

	account account
	arrived int64 // bytes, of posted

	freed    func(size int) // of released
	armed    int64          // what the loop last stored in wakeAt; 0 is not known
	posted   atomic.Int64   // bytes, ever
	released atomic.Int64   // bytes of what was retained, ever
	wakeAt   atomic.Int64   // of released
}

func newMemory(sh *Shard) *memory {
	m := &memory{shard: sh, limit: never}
	if sh.config.MemoryLimit > 0 {
		m.limit = int64(sh.config.MemoryLimit)
	}
	m.account.budget = sh.config.Budget
	m.freed = m.release
	m.wakeAt.Store(never)
	return m
}

// held is how many bytes count.
func (m *memory) held() int64 {
	sh := m.shard
	return int64(sh.Buffered()) + int64(sh.pool.Owned()) + m.retained() + m.posted.Load() - m.arrived
}

func (m *memory) retained() int64 { return m.shard.pool.Lent() - m.released.Load() }

// Full reports whether nothing is to be read or accepted now. Loop only.
func (sh *Shard) Full() bool { return sh.memory != nil && sh.memory.full() }

func (m *memory) full() bool {
	if !m.paused && (m.held() > m.edge || m.account.exhausted()) {
		m.look()
	}
	return m.paused
}

// Account is called before each poll. Loop only.
func (sh *Shard) Account() {
	if sh.memory != nil {
		sh.memory.look()
	}
}

// look acts on what is held now.
func (m *memory) look() {
	released := m.released.Load() // not more than held leaves out
	held := m.held()
	m.account.settle(held)
	m.edge = m.account.edge(m.limit)
	if !m.paused && (held > m.limit || m.account.exhausted()) {
		m.paused = true
		m.pauses++
	}
	if m.paused && held <= endOf(m.limit) && !m.account.awaits(m) {
		m.resumeSoon()
	}
	m.arm(released, held)
}

// arm lets the release wake the loop with which there is something to do. One
// that came before that is acted on here.
func (m *memory) arm(released, held int64) {
	at := int64(never)
	if n := m.matters(held); n < never && m.retained() > 0 {
		at = released + n
	}
	if at == m.armed {
		return
	}
	m.armed = at
	m.wakeAt.Swap(at) // as the reactor's mailbox does
	if m.released.Load() >= at {
		m.look()
	}
}

// matters is how much less has to be held until there is something to do.
func (m *memory) matters(held int64) int64 {
	n := m.account.matters(held)
	if end := endOf(m.limit); m.paused && held > end {
		n = min(n, held-end)
	}
	return n
}

// release is told of retained memory that is free. Any goroutine.
func (m *memory) release(size int) {
	if m.released.Add(int64(size)) >= m.wakeAt.Load() && m.wakeAt.Swap(never) != never {
		m.wake()
	}
}

// wake makes the loop look, before its next poll. Any goroutine.
func (m *memory) wake() { _ = m.shard.reactor.Post(disarmed, m) } // a closed loop holds nothing

// disarmed is what whoever woke the loop has left, maybe of what the loop has armed
// meanwhile.
func disarmed(arg any) { arg.(*memory).armed = 0 }

// post counts bytes that are on their way. Any goroutine.
func (m *memory) post(n int) {
	if m != nil {
		m.posted.Add(int64(n))
	}
}

// arrive counts those that have arrived.
func (m *memory) arrive(n int) {
	if m != nil {
		m.arrived += int64(n)
	}
}

// freed is who is told of retained memory that is free; nil for nobody.
func (sh *Shard) freed() func(size int) {
	if sh.memory == nil {
		return nil
	}
	return sh.memory.freed
}

// close takes a loop that is closed out of the budget.
func (m *memory) close() {
	if m != nil && m.account.budget != nil {
		m.account.budget.leave(m)
	}
}
