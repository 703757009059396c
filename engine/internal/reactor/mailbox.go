package reactor

import (
	"sync"
	"sync/atomic"
)

// The three states of a mailbox's reader, the loop.
//
//	         prepare                 post or stop
//	awake ------------> asleep ----------------------> notified
//	  ^                   | ready again, event, deadline   |
//	  +-------------------+--------------------------------+
//	                         awaken
//
// Only the loop moves to awake or asleep; whoever moves asleep to notified
// owes the loop one Wake, and nobody else sends one.
const (
	awake uint32 = iota
	asleep
	notified
)

// mailbox carries callbacks from other goroutines to the loop.
//
// Producers append under the lock; the loop swaps the whole slice out, so the
// lock is held for a few instructions on either side. The flag full is the
// lock-free answer to "is there mail": it is set by the first post of a batch
// and cleared by the swap, both under the lock. Close sets it for good.
//
// No wake-up is lost: a producer sets full and then looks at state, the loop
// sets asleep and then looks at full; the atomics are totally ordered, so at
// least one of them sees the other. The loop swaps rather than stores, for emulators
// (docs/architecture.md).
//
// A lock-free stack would reverse the order, need a node for each post, and
// bounce the same cache line.
//
// What the loop looks at all the time lies on another cache line than what every
// post writes.
type mailbox struct {
	state atomic.Uint32
	full  atomic.Bool
	stamp atomic.Int64 // clock at the post that woke the loop, when it is notified
	_     [cacheLine - 16]byte

	mu     sync.Mutex
	in     []call // guarded by mu
	closed error  // guarded by mu; posts are refused with it

	spare []call // the loop's: the other slice of the swap
}

// cacheLine is the size of a cache line on the processors that matter here.
const cacheLine = 64

// spareLimit bounds what the mailbox keeps after a burst: 24 bytes a call,
// 3 MiB for each of its two slices.
const spareLimit = 1 << 17

// put appends a call. Any goroutine.
func (m *mailbox) put(fn func(any), arg any) error {
	m.mu.Lock()
	if err := m.closed; err != nil {
		m.mu.Unlock()
		return err
	}
	m.in = append(m.in, call{fn, arg})
	if len(m.in) == 1 {
		m.full.Store(true)
	}
	m.mu.Unlock()
	return nil
}

// sleeping reports whether the loop sleeps and nobody has woken it yet.
func (m *mailbox) sleeping() bool { return m.state.Load() == asleep }

// claim reports whether the caller has to wake the loop, at the time now.
func (m *mailbox) claim(now int64) bool {
	m.stamp.Store(now)
	return m.state.CompareAndSwap(asleep, notified)
}

// take moves all mail to the ready queue, in order, and returns how much that was.
// Loop only.
func (m *mailbox) take(q *ready) (n int) {
	m.mu.Lock()
	batch := m.in
	m.in = m.spare[:0]
	m.full.Store(false)
	m.mu.Unlock()

	n = len(batch)
	q.pushAll(batch)
	clear(batch)
	if cap(batch) > spareLimit {
		batch = nil
	}
	m.spare = batch
	return n
}

// prepare announces sleep, which awaken ends in any case. It reports false when
// there is mail already.
func (m *mailbox) prepare() bool {
	m.state.Swap(asleep)
	return !m.full.Load()
}

// awaken ends sleep and returns the stamp of the post that caused it, or 0.
func (m *mailbox) awaken() int64 {
	if m.state.Swap(awake) != notified {
		return 0
	}
	return m.stamp.Load()
}

// close refuses all further posts with err and returns the mail. Not while the
// loop runs.
func (m *mailbox) close(err error) (left []call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = err
	left, m.in, m.spare = m.in, nil, nil
	m.full.Store(true)
	return left
}
