package dgram

import (
	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

const (
	// overhead is what each datagram counts for beside its bytes, asyncio's
	// header_size, so that a queue of empty ones has an end.
	overhead = 8

	// outBlock is how large the blocks are that copies go to, if they fit.
	outBlock = 16 << 10

	// keptPackets is how many places an empty queue keeps.
	keptPackets = 1024
)

// packet is a datagram on its way out.
type packet struct {
	data []byte         // in a block
	to   sock.Addr      // none for a connected socket
	ends *buffers.Block // of which it is the last; nil for none
}

// queue holds copies of datagrams in order, in blocks that they share:
//
//	list     [ 0 | 1 | 2 | 3 | 4 ]
//	block A  |-0-|-1-|--2--|          2 ends A, and gives it back when it leaves
//	block B  |-3-|-4-|        |       is being filled
//
// An empty queue owns no block. So a datagram costs no allocation, and its memory
// is the loop's.
type queue struct {
	list  []packet
	head  int // those before it have left
	bytes int
	block *buffers.Block // that is being filled
	used  int            // bytes of it
}

func (q *queue) len() int { return len(q.list) - q.head }

// size is what counts for the marks.
func (q *queue) size() int { return q.bytes + overhead*q.len() }

func (q *queue) waiting() []packet { return q.list[q.head:] }

// push appends a copy of a datagram.
func (q *queue) push(pool *buffers.Pool, p []byte, to sock.Addr) {
	q.tidy()
	data := q.room(pool, len(p))
	copy(data, p)
	q.list = append(q.list, packet{data: data, to: to})
	q.bytes += len(p)
}

// tidy moves the list to its beginning, rather than letting it grow, when half of
// it has left.
func (q *queue) tidy() {
	if len(q.list) < cap(q.list) || q.head < len(q.list)/2 || q.head == 0 {
		return
	}
	n := copy(q.list, q.waiting())
	clear(q.list[n:])
	q.list, q.head = q.list[:n], 0
}

// room is memory for n bytes, in the block that is being filled or in a new one.
func (q *queue) room(pool *buffers.Pool, n int) []byte {
	if q.block == nil || len(q.block.Bytes())-q.used < n {
		if q.block != nil {
			q.list[len(q.list)-1].ends = q.block // a queue with a block has a datagram
		}
		q.block, q.used = pool.Get(max(n, outBlock)), 0
	}
	at := q.used
	q.used += n
	return q.block.Bytes()[at:q.used:q.used]
}

// drop takes n datagrams from the head.
func (q *queue) drop(pool *buffers.Pool, n int) {
	for range n {
		p := &q.list[q.head]
		q.head++
		q.bytes -= len(p.data)
		if p.ends != nil {
			pool.Put(p.ends)
		}
		*p = packet{}
	}
	if q.len() == 0 {
		q.reset(pool)
	}
}

// reset is the state of an empty queue.
func (q *queue) reset(pool *buffers.Pool) {
	if q.block != nil {
		pool.Put(q.block)
		q.block = nil
	}
	q.list, q.head = q.list[:0], 0
	if cap(q.list) > keptPackets {
		q.list = nil
	}
}
