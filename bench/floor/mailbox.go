package floor

import "sync"

type entry struct {
	fn  func(any)
	arg any
}

// Mailbox is what a queue between goroutines cannot do without: a mutex around
// an append, and a consumer that takes all there is in one swap and sleeps when
// there is nothing. The consumer is woken only when it sleeps.
type Mailbox struct {
	mu      sync.Mutex
	filled  sync.Cond
	entries []entry // guarded by mu
	asleep  bool    // guarded by mu
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
	wake := m.asleep
	m.asleep = false
	m.mu.Unlock()
	if wake {
		m.filled.Signal()
	}
}

// Run makes the calls until Close.
func (m *Mailbox) Run() {
	var batch []entry
	for {
		m.mu.Lock()
		for len(m.entries) == 0 && !m.closed {
			m.asleep = true
			m.filled.Wait()
		}
		batch, m.entries = m.entries, batch[:0]
		m.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for i := range batch {
			batch[i].fn(batch[i].arg)
			batch[i] = entry{}
		}
	}
}

// Close ends Run once it has made all calls.
func (m *Mailbox) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.filled.Signal()
}
