package stream

import "slices"

// queue holds streams in their order. Those that end are not looked for: they are
// left out when the queue is full, or their turn comes.
type queue struct {
	list []*Stream
	head int // those before it have left
}

func (q *queue) push(s *Stream) {
	if len(q.list) == cap(q.list) {
		q.tidy()
	}
	q.list = append(q.list, s)
}

// tidy makes room for as many as there are, so that it costs little for each.
func (q *queue) tidy() {
	n := copy(q.list, q.list[q.head:])
	clear(q.list[n:])
	q.head = 0
	q.list = slices.DeleteFunc(q.list[:n], func(s *Stream) bool { return s.state > open })
	q.list = slices.Grow(q.list, len(q.list))
}

func (q *queue) pop() *Stream {
	s := q.list[q.head]
	q.list[q.head] = nil
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return s
}

func (q *queue) len() int { return len(q.list) - q.head }

// stall puts a stream that has input into the queue.
func (s *Stream) stall() {
	if !s.is(stalled) {
		s.set(stalled)
		s.shard.memory.stalled.push(s)
	}
}

// Starved reports whether there is input that the loop has no memory for. Its
// timeouts leave the peer alone meanwhile. Loop only.
func (s *Stream) Starved() bool { return s.is(stalled) && s.state == open }

// unstall reads what has come, and watches for what comes.
func (s *Stream) unstall() {
	s.unset(stalled)
	s.readable()
	if s.limits != nil {
		s.watch()
	}
}

// resumeSoon ends the pause in the next turn, out of nobody's call.
func (m *memory) resumeSoon() {
	if !m.scheduled {
		m.scheduled = m.shard.reactor.Soon(resume, m) == nil // or the loop is closed
	}
}

func resume(arg any) { arg.(*memory).resume() }

// resume ends the pause, if it still can, and lets those read who wait.
func (m *memory) resume() {
	m.scheduled = false
	if m.paused && (m.held() > endOf(m.limit) || m.account.exhausted()) {
		return
	}
	m.paused = false
	defer m.resumed()
	for m.stalled.len() > 0 && !m.full() {
		m.stalled.pop().unstall()
	}
}

// resumed is deferred. The rest of a queue that a panic has left reads in the next
// turn.
func (m *memory) resumed() {
	switch {
	case m.paused:
	case m.stalled.len() > 0:
		m.resumeSoon()
	default:
		m.shard.config.Eased()
	}
}
