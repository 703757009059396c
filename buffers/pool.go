package buffers

import "sync"

// Block is memory of one of the sizes, or larger than all of them. The zero
// Block is not valid.
type Block struct {
	check check
	class int
	mem   []byte
	next  *Block // in a free list
}

// newBlock makes a block of size bytes.
func newBlock(size, class int) *Block {
	b := &Block{mem: make([]byte, size), class: class}
	b.check.made(b.mem)
	return b
}

// Bytes is the block's memory, all of it.
func (b *Block) Bytes() []byte { return b.mem }

// DefaultBound is the bound of a Pool that is given none: what a few thousand
// connections need that are in the middle of something.
const DefaultBound = 16 << 20

// Pool holds blocks that are free. It belongs to one goroutine. The zero Pool
// keeps nothing.
type Pool struct {
	free  [classes]*Block
	held  int // bytes in free
	bound int
	used  int   // bytes of blocks given out, less those given back
	owned int   // bytes of others in chains
	lent  int64 // bytes of blocks ever handed to Refs

	segments     *segment // free ones, for chains
	segmentCount int
}

// NewPool makes a pool that keeps up to bound bytes of free blocks: DefaultBound
// for 0, none for less. What is given back beyond that goes to the pool that all
// share.
func NewPool(bound int) *Pool {
	if bound == 0 {
		bound = DefaultBound
	}
	return &Pool{bound: bound}
}

// Get gives the caller a block of n bytes or more; of exactly n when that is more
// than MaxBlock. Its content is anything.
func (p *Pool) Get(n int) *Block {
	b := p.find(n)
	b.check.taken(p, b.mem)
	p.used += len(b.mem)
	return b
}

// find looks in the pool and in the shared one, and makes what is in neither.
func (p *Pool) find(n int) *Block {
	class := classOf(n)
	if class == unpooled {
		return newBlock(n, unpooled)
	}
	b := p.free[class]
	if b == nil {
		return findShared(class)
	}
	p.free[class], b.next = b.next, nil
	p.held -= sizeOf(class)
	return b
}

// Put takes back what Get of the same pool gave out. The caller must not touch
// it again.
func (p *Pool) Put(b *Block) {
	b.check.given(p, b.mem)
	size := len(b.mem)
	p.used -= size
	if b.class == unpooled || p.held+size > p.bound {
		spill(b)
		return
	}
	b.next, p.free[b.class] = p.free[b.class], b
	p.held += size
}

// Used is how many bytes of blocks are given out, those in chains included and
// those in the hands of Refs not.
func (p *Pool) Used() int { return p.used }

// Owned is how many bytes of memory of others are in chains: all of a piece until
// its last byte was dropped.
func (p *Pool) Owned() int { return p.owned }

// Lent is how many bytes of blocks were ever put into the hands of Refs. What they
// have given back, freed is told of.
func (p *Pool) Lent() int64 { return p.lent }

// Held is how many bytes of free blocks the pool keeps.
func (p *Pool) Held() int { return p.held }

// shared are the blocks that belong to no loop's pool. The collector empties
// them in time.
var shared [classes]sync.Pool

// findShared gets a block of the shared ones, or makes one.
func findShared(class int) *Block {
	if b, ok := shared[class].Get().(*Block); ok {
		return b
	}
	return newBlock(sizeOf(class), class)
}

// spill gives a free block to the shared ones, or to the collector when it is of
// no size that they have.
func spill(b *Block) {
	if b.class != unpooled {
		shared[b.class].Put(b)
	}
}
