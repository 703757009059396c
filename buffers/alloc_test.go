//go:build !race && !invariants

package buffers

import (
	"runtime/debug"
	"testing"
)

// noAllocs fails the test when f allocates in the steady state. The collector
// is held off, because it empties the shared pool.
func noAllocs(t *testing.T, name string, f func()) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	if n := testing.AllocsPerRun(1000, f); n != 0 {
		t.Errorf("%s: %v allocations", name, n)
	}
}

func TestPoolAllocations(t *testing.T) {
	p, none := NewPool(0), NewPool(-1)
	for n := MinBlock; n <= MaxBlock; n *= 2 {
		noAllocs(t, "Get and Put", func() { p.Put(p.Get(n)) })
		noAllocs(t, "Get and Put of the shared pool", func() { none.Put(none.Get(n)) })
	}
	a, b := p.Get(1), p.Get(1)
	p.Put(a)
	p.Put(b)
	noAllocs(t, "two at a time", func() {
		a, b := p.Get(1), p.Get(1)
		p.Put(a)
		p.Put(b)
	})
}

func TestChainAllocations(t *testing.T) {
	var c Chain
	p, small, large := NewPool(0), text(0, 64), text(0, MaxBlock+1)
	released := 0
	release := func() { released++ }
	view := make([][]byte, 0, 8)
	noAllocs(t, "Copy and Drop", func() {
		c.Copy(p, small)
		c.Drop(p, len(small))
	})
	noAllocs(t, "Own and Drop", func() {
		c.Own(p, small, release)
		c.Drop(p, len(small))
	})
	noAllocs(t, "all together", func() {
		c.Copy(p, large)
		c.Own(p, small, release)
		c.Copy(p, small)
		c.View(view)
		c.Drop(p, len(large)+1)
		c.Clear(p)
	})
	if released != 2*1001 {
		t.Errorf("released %d times", released)
	}
}

// A scratch buffer that was given back is taken again.
func TestScratchAllocations(t *testing.T) {
	data := text(0, 64)
	noAllocs(t, "a scratch buffer", func() {
		s := GetScratch()
		_, _ = s.Write(data)
		PutScratch(s)
	})
}

// A share costs what counts its block, and no more shares cost anything.
func TestRefAllocations(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p, data := NewPool(0), text(0, 100)
	n := testing.AllocsPerRun(1000, func() {
		r := p.Copy(data, nil)
		s := r.Share()
		part := s.Slice(1, 2)
		r.Release()
		s.Release()
		part.Release()
	})
	if n != 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}
