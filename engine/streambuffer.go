package engine

import "github.com/shardloop/shardloop/buffers"

// Of the blocks that streams read to. What one read brings at most is the largest
// block; a stream begins with the smallest, and doubles it when a read fills it.
const (
	minStreamBlock = 4 << 10
	maxStreamBlock = 64 << 10
	keptForStreams = 4 << 20 // bytes of free blocks of a loop
)

// streamBuffer is what a StreamReader has received and nobody has read. The
// kernel fills it, and what is read is a part of it:
//
//	block  | read already |  view  |  unread  |  room  |
//	                               ^          ^
//	                              from        to
//
// The view is what the last read has returned. Until recall nothing is written
// over it: what comes meanwhile goes behind it, or into another block, and the
// view's stays. An empty buffer without a view has no block, so that an idle
// connection owns none.
//
// It belongs to the loop, but for what the view shows.
type streamBuffer struct {
	pool     *buffers.Pool
	block    *buffers.Block // nil for none
	from, to int
	view     []byte         // nil for none
	viewed   *buffers.Block // where the view lies, when that is not block
	size     int            // of the next block
}

// unread is how many bytes nobody has read.
func (b *streamBuffer) unread() int { return b.to - b.from }

// bytes are those that nobody has read.
func (b *streamBuffer) bytes() []byte {
	if b.block == nil {
		return nil
	}
	return b.block.Bytes()[b.from:b.to]
}

// room is where the next bytes go, and never empty.
func (b *streamBuffer) room() []byte {
	switch {
	case b.block == nil:
		b.block = b.pool.Get(max(b.size, minStreamBlock))
	case len(b.block.Bytes())-b.to >= len(b.block.Bytes())/4:
	case b.view == nil && b.unread() <= len(b.block.Bytes())/2:
		b.from, b.to = 0, copy(b.block.Bytes(), b.bytes())
	default:
		b.move(nil)
	}
	return b.block.Bytes()[b.to:]
}

// move puts what is unread, behind some bytes, into another block.
func (b *streamBuffer) move(ahead []byte) {
	n := len(ahead) + b.unread()
	block := b.pool.Get(max(b.size, 2*n))
	to := copy(block.Bytes(), ahead)
	to += copy(block.Bytes()[to:], b.bytes())
	if b.view != nil && b.viewed == nil {
		b.viewed = b.block
	} else {
		b.pool.Put(b.block)
	}
	b.block, b.from, b.to = block, 0, to
}

// filled tells how many bytes have come into the room.
func (b *streamBuffer) filled(n int) {
	b.to += n
	if b.to == len(b.block.Bytes()) {
		b.size = min(2*max(b.size, minStreamBlock), maxStreamBlock)
	}
}

// take reads n bytes, which are the view then.
func (b *streamBuffer) take(n int) []byte {
	if n == 0 {
		return nil
	}
	b.view = b.block.Bytes()[b.from : b.from+n : b.from+n]
	b.from += n
	return b.view
}

// drop reads n bytes, which nobody gets.
func (b *streamBuffer) drop(n int) { b.from += n }

// recall ends the view.
func (b *streamBuffer) recall() {
	if b.viewed != nil {
		b.pool.Put(b.viewed)
	}
	b.view, b.viewed = nil, nil
	b.ease()
}

// ease gives up a block that holds nothing.
func (b *streamBuffer) ease() {
	if b.block != nil && b.unread() == 0 && (b.view == nil || b.viewed != nil) {
		b.pool.Put(b.block)
		b.block, b.from, b.to = nil, 0, 0
	}
}

// giveBack makes a view unread again that nobody has got. One that has ended is
// left alone.
func (b *streamBuffer) giveBack(view []byte) {
	if len(view) == 0 || len(b.view) != len(view) || &b.view[0] != &view[0] {
		return
	}
	if b.viewed == nil {
		b.from -= len(view)
	} else {
		b.move(view)
	}
	b.recall()
}
