package buffers

import "sync"

// Block is memory of one of the sizes. The zero Block is not valid.
type Block struct {
	mem   []byte
	class int
	next  *Block // in a free list
	check check
}

// Bytes is the block's memory, all of it.
func (b *Block) Bytes() []byte { return b.mem }

// DefaultBound is the bound of a Pool that is given none: what a few hundred
// connections need that are in the middle of something.
const DefaultBound = 4 << 20

// Pool holds blocks that are free. It belongs to one goroutine.
type Pool struct {
	free  [classes]*Block
	held  int // bytes in free
	bound int
	used  int // bytes of blocks given out, less those given back

	segments *segment
}

// NewPool makes a pool that keeps up to bound bytes of free blocks, DefaultBound
// for 0. What is given back beyond that goes to the pool that all share.
func NewPool(bound int) *Pool {
	if bound == 0 {
		bound = DefaultBound
	}
	return &Pool{bound: bound}
}

// Get gives the caller a block of n bytes or more, up to MaxBlock. Its content is
// anything.
func (p *Pool) Get(n int) *Block {
	class := classOf(n)
	p.used += sizeOf(class)
	b := p.free[class]
	if b == nil {
		return take(class)
	}
	p.free[class], b.next = b.next, nil
	p.held -= sizeOf(class)
	b.check.taken(b.mem)
	return b
}

// Put takes back what Get gave out. The caller must not touch it again.
func (p *Pool) Put(b *Block) {
	size := sizeOf(b.class)
	p.used -= size
	if p.held+size > p.bound {
		spill(b)
		return
	}
	b.check.given(b.mem)
	b.next, p.free[b.class] = p.free[b.class], b
	p.held += size
}

// Used is how many bytes of blocks are given out.
func (p *Pool) Used() int { return p.used }

// Held is how many bytes of free blocks the pool keeps.
func (p *Pool) Held() int { return p.held }

// shared are the blocks that belong to no loop's pool. The collector empties
// them in time.
var shared [classes]sync.Pool

// take gets a block of the shared ones, or makes one.
func take(class int) *Block {
	if b, ok := shared[class].Get().(*Block); ok {
		b.check.taken(b.mem)
		return b
	}
	return &Block{mem: make([]byte, sizeOf(class)), class: class}
}

// spill gives a block to the shared ones.
func spill(b *Block) {
	b.check.given(b.mem)
	shared[b.class].Put(b)
}
