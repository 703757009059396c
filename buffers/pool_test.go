package buffers

import "testing"

func TestPoolGetSizes(t *testing.T) {
	p := NewPool(0)
	for n, want := range map[int]int{
		0: MinBlock, 1: MinBlock, MinBlock: MinBlock, MinBlock + 1: 2 * MinBlock,
		4096: 4096, 5000: 8192, MaxBlock: MaxBlock, MaxBlock + 1: MaxBlock + 1, 1 << 20: 1 << 20,
	} {
		b := p.Get(n)
		if len(b.Bytes()) != want || p.Used() != want {
			t.Errorf("Get(%d): %d bytes, Used %d; want %d", n, len(b.Bytes()), p.Used(), want)
		}
		p.Put(b)
		wantUsed(t, p, 0)
	}
}

// What was given back last is given out first, since it is warm.
func TestPoolReuses(t *testing.T) {
	p := NewPool(0)
	a, b := p.Get(1000), p.Get(1000)
	p.Put(a)
	p.Put(b)
	wantHeld(t, p, 2048)
	if p.Get(600) != b || p.Get(1024) != a {
		t.Error("other blocks than those given back")
	}
	if a.next != nil || b.next != nil {
		t.Error("a block that is given out holds on to another")
	}
	wantHeld(t, p, 0)
	wantUsed(t, p, 2048)
}

// A block of one size never serves for another.
func TestPoolClassesAreApart(t *testing.T) {
	p := NewPool(0)
	small := p.Get(1)
	p.Put(small)
	if large := p.Get(MinBlock + 1); large == small || len(large.Bytes()) != 2*MinBlock {
		t.Errorf("a block of %d bytes", len(large.Bytes()))
	}
	wantHeld(t, p, MinBlock)
}

func TestPoolBound(t *testing.T) {
	for bound, want := range map[int]int{
		0: DefaultBound, -1: 0, MaxBlock - 1: 0, MaxBlock: MaxBlock, 3*MaxBlock + 1: 3 * MaxBlock,
	} {
		p, blocks := NewPool(bound), []*Block{}
		for range DefaultBound/MaxBlock + 1 {
			blocks = append(blocks, p.Get(MaxBlock))
		}
		for _, b := range blocks {
			p.Put(b)
		}
		if p.Held() != want {
			t.Errorf("bound %d: Held = %d, want %d", bound, p.Held(), want)
		}
		wantUsed(t, p, 0)
	}
}

// What is too large for what is left of the bound does not keep smaller blocks out.
func TestPoolBoundIsFilled(t *testing.T) {
	p := NewPool(MaxBlock)
	large, small := p.Get(MaxBlock), p.Get(1)
	p.Put(small)
	p.Put(large)
	wantHeld(t, p, MinBlock)
}

func TestPoolZero(t *testing.T) {
	var p Pool
	p.Put(p.Get(1))
	wantHeld(t, &p, 0)
	var c Chain
	c.Copy(&p, []byte("a"))
	c.Clear(&p)
	if p.segments != nil {
		t.Error("it keeps a segment")
	}
}

// Blocks larger than all classes are not kept, even with room for them.
func TestPoolLargerThanMaxBlock(t *testing.T) {
	p := NewPool(1 << 30)
	b := p.Get(MaxBlock + 1)
	p.Put(b)
	wantHeld(t, p, 0)
	if p.Get(MaxBlock+1) == b {
		t.Error("the block was kept")
	}
}

// The free segments are as bounded as the blocks.
func TestPoolBoundOfSegments(t *testing.T) {
	const most = 600 // so many that a bound counted in other units would show
	p := NewPool(most * MinBlock)
	var c Chain
	for range 2 {
		for range 2 * most {
			c.Own(p, []byte("a"), nil)
		}
		c.Clear(p)
		n := 0
		for s := p.segments; s != nil; s = s.next {
			n++
		}
		if n != most || p.segmentCount != most {
			t.Errorf("%d free segments, counted as %d, want %d", n, p.segmentCount, most)
		}
	}
}

// A free segment must not keep alive what was sent.
func TestPoolSegmentsAreCleared(t *testing.T) {
	p := NewPool(0)
	var c Chain
	c.Own(p, []byte("a"), func() {})
	c.Copy(p, []byte("b"))
	c.Clear(p)
	for s := p.segments; s != nil; s = s.next {
		if s.mem != nil || s.block != nil || s.release != nil || s.from != 0 || s.to != 0 {
			t.Errorf("a free segment holds %+v", s)
		}
	}
}
