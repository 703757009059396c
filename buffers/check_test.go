//go:build invariants

package buffers

import (
	"bytes"
	"testing"
)

const (
	twice     = "given back twice"
	elsewhere = "where it does not belong"
	written   = "written to after"
)

// ends are the ways of a block that is given back: into the pool, into the
// shared one, and to the collector.
func ends(t *testing.T, test func(t *testing.T, p *Pool, b *Block)) {
	for name, c := range map[string]struct{ bound, size int }{
		"pooled": {0, 1000}, "spilled": {-1, 1000}, "unpooled": {0, MaxBlock + 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewPool(c.bound)
			test(t, p, p.Get(c.size))
		})
	}
}

// TestCheckPutTwice also finds that nothing has changed by it.
func TestCheckPutTwice(t *testing.T) {
	ends(t, func(t *testing.T, p *Pool, b *Block) {
		p.Put(b)
		held := p.Held()
		wantPanic(t, twice, func() { p.Put(b) })
		wantPanic(t, twice, func() { p.NewRef(b, nil, nil) })
		wantUsed(t, p, 0)
		wantHeld(t, p, held)
	})
}

// What is new, and what is free, is overwritten to the last byte.
func TestCheckPoison(t *testing.T) {
	ends(t, func(t *testing.T, p *Pool, b *Block) {
		mem := bytes.Repeat([]byte{poison}, len(b.Bytes()))
		if !bytes.Equal(b.Bytes(), mem) {
			t.Error("a new block is not overwritten")
		}
		clear(b.Bytes())
		p.Put(b)
		if !bytes.Equal(b.Bytes(), mem) {
			t.Error("a free block is not overwritten")
		}
	})
}

// A write after Put is found when the block is given out again, wherever in the
// block it is.
func TestCheckWriteAfterPut(t *testing.T) {
	for _, at := range []int{0, 511, 1023} {
		p := NewPool(0)
		b := p.Get(1000)
		p.Put(b)
		b.Bytes()[at] = 0
		wantPanic(t, written, func() { p.Get(1000) })
	}
}

// The same in the shared pool, which may give out any block or none: the look is
// that of Get.
func TestCheckWriteAfterRelease(t *testing.T) {
	p := NewPool(0)
	b := newBlock(600, unpooled)
	b.check.taken(p, b.mem)
	mem := b.Bytes()
	p.NewRef(b, mem, nil).Release()
	mem[599]++
	wantPanic(t, written, func() { b.check.taken(p, b.mem) })
}

// A block goes back to the pool that it came from, and not while it is shared.
func TestCheckOwner(t *testing.T) {
	ends(t, func(t *testing.T, p *Pool, b *Block) {
		other := NewPool(0)
		wantPanic(t, elsewhere, func() { other.Put(b) })
		wantPanic(t, elsewhere, func() { other.NewRef(b, nil, nil) })
		wantUsed(t, other, 0)
		r := p.NewRef(b, b.Bytes(), nil)
		wantPanic(t, elsewhere, func() { p.Put(b) })
		wantPanic(t, elsewhere, func() { p.NewRef(b, nil, nil) })
		wantUsed(t, p, 0)
		r.Release()
		wantPanic(t, twice, func() { p.Put(b) })
	})
}

// A chain that is used with two pools is found when it gives back.
func TestCheckChainOfTwoPools(t *testing.T) {
	var c Chain
	c.Copy(NewPool(0), []byte("abc"))
	wantPanic(t, elsewhere, func() { c.Clear(NewPool(0)) })
}

// Each share is released once, though others keep the block.
func TestCheckReleaseTwice(t *testing.T) {
	p, f := NewPool(0), freed{}
	r := p.Copy([]byte("abc"), f.add)
	s, same := r.Share(), r
	r.Release()
	wantPanic(t, "Release of a Ref", r.Release)
	wantPanic(t, "Release of a Ref", same.Release)
	wantRef(t, s, "abc")
	f.want(t)
	s.Release()
	f.want(t, MinBlock)
}

// A share that was released is not used, though others keep the block.
func TestCheckUseAfterRelease(t *testing.T) {
	p, f := NewPool(0), freed{}
	r := p.Copy([]byte("abc"), f.add)
	for _, s := range []Ref{r.Share(), r.Slice(1, 2), r} {
		s.Release()
		wantPanic(t, "Bytes of a Ref", func() { s.Bytes() })
		wantPanic(t, "Share of a Ref", func() { s.Share() })
		wantPanic(t, "Share of a Ref", func() { s.Slice(0, 1) })
	}
	f.want(t, MinBlock)
}
