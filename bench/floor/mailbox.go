package floor

import "sync"

type entry struct {
	fn  func(any)
	arg any
}

// Mailbox is a mutex around an append, and a consumer that takes all there is in
// one swap. It is woken only when it sleeps.
type Mailbox struct {
	mu      sync.Mutex
	filled  sync.Cond
	entries []entry // guarded by mu
	closed  bool    // guarded by mu
}

// NewMailbox makes an empty one.
func NewMailbox() *Mailbox {
	m := &Mailbox{}
	m.filled.L = &m.mu
	return m
}

// Post queues a call. Any goroutine.
func (m *Mailbox) Post(fn func(any), arg any) {
	m.mu.Lock()
	m.entries = append(m.entries, entry{fn, arg})
	m.mu.Unlock()
	m.filled.Signal() // one load when nobody sleeps
}

// Run makes the calls until Close.
func (m *Mailbox) Run() {
	for batch := m.swap(nil); len(batch) > 0; batch = m.swap(batch) {
		for i := range batch {
			batch[i].fn(batch[i].arg)
			batch[i] = entry{}
		}
	}
}

func (m *Mailbox) swap(spare []entry) []entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.entries) == 0 && !m.closed {
		m.filled.Wait()
	}
	spare, m.entries = m.entries, spare[:0]
	return spare
}

// Close ends Run once it has made all calls.
func (m *Mailbox) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.filled.Signal()
}
