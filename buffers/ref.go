package buffers

import "sync/atomic"

// Ref is one share of bytes that several may hold. The zero Ref holds nothing.
// The bytes stay valid until its Release; other shares do not matter to that.
//
//	NewRef            Share              Release
//	-------> 1 share -------> 2 shares ----------> 1 share ...
//	                                        last Release: the block is free
//
// A Ref may be handed to another goroutine, and released on any. To copy the
// value makes no share: of all copies, one is released.
type Ref struct {
	check shareCheck
	bytes []byte // without capacity beyond its end
	count *refCount
}

// refCount counts the shares of a block. It is not part of the block, so that a
// Release too many is found even when the block is in use again.
type refCount struct {
	n     atomic.Int32
	block *Block
	freed func(size int)
}

// dead is a count that no number of wrong calls makes valid again.
const dead = -1 << 30

// NewRef makes the first share of a block's bytes. From now on the block belongs
// to the shares; the last Release gives it to the shared pool and then calls
// freed, if that is not nil, with the block's size, on whatever goroutine that
// is. The pool that the block came from no longer counts it.
func (p *Pool) NewRef(b *Block, bytes []byte, freed func(size int)) Ref {
	c := &refCount{block: b, freed: freed}
	c.n.Store(1)
	b.check.handedOver(p, c)
	p.used -= len(b.mem)
	p.lent += int64(len(b.mem))
	return Ref{newShareCheck(), bytes[:len(bytes):len(bytes)], c}
}

// Copy is a share of a copy of data, of any length. The copy of nothing is the
// zero Ref, for which freed is never called.
func (p *Pool) Copy(data []byte, freed func(size int)) Ref {
	if len(data) == 0 {
		return Ref{}
	}
	b := p.Get(len(data))
	n := copy(b.mem, data)
	return p.NewRef(b, b.mem[:n], freed)
}

// Bytes are the bytes that are held. They must not be changed while others hold
// them too.
func (r Ref) Bytes() []byte {
	r.check.used("Bytes")
	return r.bytes
}

// Share makes another share of the same bytes.
func (r Ref) Share() Ref {
	r.check.used("Share")
	if r.count == nil {
		return r
	}
	if r.count.n.Add(1) <= 1 {
		panic("buffers: Share of a Ref that was released")
	}
	r.check = newShareCheck()
	return r
}

// Slice is Share for a part of the bytes, which may be empty.
func (r Ref) Slice(from, to int) Ref {
	part := r.bytes[from:to:to]
	s := r.Share()
	s.bytes = part
	return s
}

// Release gives up this share. The bytes must not be touched afterwards. It may
// be called once for each share; once more than there are is a panic.
func (r Ref) Release() {
	if r.count == nil {
		return
	}
	r.check.released()
	switch n := r.count.n.Add(-1); {
	case n < 0:
		panic("buffers: Release of a Ref that was released")
	case n == 0:
		r.count.free()
	}
}

// free gives the block back.
func (c *refCount) free() {
	c.n.Store(dead)
	size := len(c.block.mem)
	c.block.check.given(c, c.block.mem)
	spill(c.block)
	if c.freed != nil {
		c.freed(size)
	}
}
