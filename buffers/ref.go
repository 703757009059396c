package buffers

import "sync/atomic"

// Ref is one share of bytes that several may hold. The zero Ref holds nothing.
// The bytes stay valid until its Release; other shares do not matter to that.
//
//	Retain            Share              Release
//	-------> 1 share -------> 2 shares ----------> 1 share ...
//	                                        last Release: the block is free
//
// A Ref may be handed to another goroutine, and released on any.
type Ref struct {
	bytes []byte
	count *refCount
}

// refCount counts the shares of a block.
type refCount struct {
	n     atomic.Int32
	block *Block
	freed func(size int) // told the block's size when it is free; nil for nobody
}

// NewRef makes the first share of a block's bytes. From now on the block belongs
// to the shares; the last Release gives it to the shared pool and calls freed,
// if that is not nil, with the block's size, on whatever goroutine that is. The
// pool that the block came from no longer counts it.
func (p *Pool) NewRef(b *Block, bytes []byte, freed func(size int)) Ref {
	p.used -= sizeOf(b.class)
	c := &refCount{block: b, freed: freed}
	c.n.Store(1)
	return Ref{bytes, c}
}

// Copy is a share of a copy of data.
func (p *Pool) Copy(data []byte, freed func(size int)) Ref {
	b := p.Get(len(data))
	n := copy(b.mem, data)
	return p.NewRef(b, b.mem[:n], freed)
}

// Bytes are the bytes that are held. They must not be changed while others hold
// them too.
func (r Ref) Bytes() []byte { return r.bytes }

// Share makes another share of the same bytes.
func (r Ref) Share() Ref {
	if r.count != nil && r.count.n.Add(1) <= 1 {
		panic("buffers: Share of a Ref that was released")
	}
	return r
}

// Slice is Share for a part of the bytes.
func (r Ref) Slice(from, to int) Ref {
	s := r.Share()
	s.bytes = s.bytes[from:to]
	return s
}

// Release gives up this share. The bytes must not be touched afterwards. It may
// be called once for each share; more is a panic.
func (r Ref) Release() {
	if r.count == nil {
		return
	}
	switch n := r.count.n.Add(-1); {
	case n < 0:
		panic("buffers: Release of a Ref that was released")
	case n == 0:
		b := r.count.block
		size := sizeOf(b.class)
		spill(b)
		if r.count.freed != nil {
			r.count.freed(size)
		}
	}
}
