package stream

import (
	"sync"

	"github.com/shardloop/shardloop/buffers"
)

// posted are bytes on their way to the loop: a copy, or memory that was handed
// over.
type posted struct {
	stream  *Stream
	small   []byte           // a copy of little; the memory stays with the posted
	large   *buffers.Scratch // a copy of more
	owned   []byte
	release func()
	isOwned bool
	next    *posted  // among the free ones
	room    [64]byte // what small begins with
}

// smallPost is the largest copy whose memory is kept for the next one.
const smallPost = 1 << 10

// copy takes a copy of p along.
func (m *posted) copy(p []byte) {
	if len(p) <= smallPost {
		m.small = append(m.small, p...)
		return
	}
	m.large = buffers.GetScratch()
	m.large.Set(p)
}

// bytes are the copy.
func (m *posted) bytes() []byte {
	if m.large != nil {
		return m.large.B
	}
	return m.small
}

// postings are the posted that are free. They are the loop's, and not in a
// sync.Pool: the collector would empty that, and one goroutine takes what another
// gives. They are made by the slab, the next one twice as large, so that a burst
// costs a few allocations; all are given up when none is on the way and there are
// too many to be kept.
type postings struct {
	mu   sync.Mutex
	free *posted  // guarded by mu
	slab []posted // never used; guarded by mu
	made int      // all there are; guarded by mu
	used int      // on the way; guarded by mu
}

const (
	firstSlab = 8
	lastSlab  = 1 << 10

	// mostPostings is how many are kept for the next burst: 19 MiB.
	mostPostings = 1 << 17
)

func (q *postings) take() *posted {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used++
	m := q.free
	if m == nil {
		return q.fresh()
	}
	q.free = m.next
	return m
}

func (q *postings) fresh() *posted {
	if len(q.slab) == 0 {
		q.slab = make([]posted, min(max(q.made, firstSlab), lastSlab))
		q.made += len(q.slab)
	}
	m := &q.slab[0]
	q.slab = q.slab[1:]
	m.small = m.room[:0]
	return m
}

func (q *postings) give(m *posted) {
	if m.large != nil {
		buffers.PutScratch(m.large)
	}
	m.stream, m.small, m.large, m.owned, m.release, m.isOwned = nil, m.small[:0], nil, nil, nil, false
	q.mu.Lock()
	defer q.mu.Unlock()
	m.next, q.free = q.free, m
	if q.used--; q.used == 0 && q.made > mostPostings {
		q.free, q.slab, q.made = nil, nil, 0
	}
}
