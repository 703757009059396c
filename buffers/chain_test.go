package buffers

import (
	"bytes"
	"testing"
)

func TestChainZero(t *testing.T) {
	var c Chain
	p := NewPool(0)
	wantChain(t, &c, "")
	c.Drop(p, 0)
	c.Clear(p)
	c.Copy(p, nil)
	c.Copy(p, []byte{})
	c.Own(p, nil, nil)
	wantChain(t, &c, "")
	wantUsed(t, p, 0)
	if c != (Chain{}) {
		t.Errorf("it owns something: %+v", c)
	}
}

// What is copied may be changed afterwards.
func TestChainCopy(t *testing.T) {
	var c Chain
	p, data := NewPool(0), []byte("abc")
	c.Copy(p, data)
	data[0] = 'x'
	c.Copy(p, data)
	wantChain(t, &c, "abcxbc")
	c.Drop(p, 4)
	wantChain(t, &c, "bc")
	c.Drop(p, 2)
	wantChain(t, &c, "")
	wantUsed(t, p, 0)
}

// To append nothing changes nothing, with room in the last block or without.
func TestChainAppendsNothing(t *testing.T) {
	for _, n := range []int{1, tailBlock} {
		var c Chain
		p := NewPool(0)
		c.Copy(p, text(0, n))
		before := c
		c.Copy(p, nil)
		c.Own(p, nil, nil)
		if _, pieces := all(&c); c != before || pieces != 1 {
			t.Errorf("after %d bytes: %+v in %d pieces, was %+v", n, c, pieces, before)
		}
		wantUsed(t, p, tailBlock)
	}
}

// Small copies share a block, which is used to its end; a large one has blocks
// that fit.
func TestChainCopyBlocks(t *testing.T) {
	for _, step := range []struct {
		sizes        []int
		used, pieces int
	}{
		{[]int{1}, tailBlock, 1},
		{[]int{64, 64, tailBlock - 128}, tailBlock, 1},
		{[]int{64, tailBlock}, 2 * tailBlock, 2},
		{[]int{tailBlock, 1}, 2 * tailBlock, 2},
		{[]int{tailBlock + 1}, 2 * tailBlock, 1},
		{[]int{MaxBlock}, MaxBlock, 1},
		{[]int{MaxBlock + 1}, MaxBlock + tailBlock, 2},
		{[]int{1, 2*MaxBlock + tailBlock}, 2*MaxBlock + 2*tailBlock, 4},
	} {
		var c Chain
		var want []byte
		p := NewPool(0)
		for i, n := range step.sizes {
			want = append(want, text(byte(i), n)...)
			c.Copy(p, text(byte(i), n))
		}
		got, pieces := all(&c)
		if !bytes.Equal(got, want) || c.Len() != len(want) {
			t.Errorf("%v: other bytes are to go", step.sizes)
		}
		if p.Used() != step.used || pieces != step.pieces {
			t.Errorf("%v: %d bytes in %d pieces, want %d in %d", step.sizes, p.Used(), pieces, step.used, step.pieces)
		}
		c.Clear(p)
		wantUsed(t, p, 0)
	}
}

// What is owned is not copied, and nothing is written behind it.
func TestChainOwn(t *testing.T) {
	var c Chain
	p, room, released := NewPool(0), []byte("abc..."), 0
	c.Own(p, room[:3], func() { released++ })
	wantUsed(t, p, 0)
	c.Copy(p, []byte("def"))
	c.Own(p, []byte("ghi"), nil)
	wantChain(t, &c, "abcdefghi")
	if string(room) != "abc..." {
		t.Errorf("the owner's memory is %q", room)
	}
	if pieces, _ := c.View(make([][]byte, 0, 1)); &pieces[0][0] != &room[0] {
		t.Error("it was copied")
	}
	c.Drop(p, 2)
	if released != 0 {
		t.Error("released with a byte to go")
	}
	c.Drop(p, 1)
	if released != 1 {
		t.Errorf("released %d times", released)
	}
	wantChain(t, &c, "defghi")
	c.Drop(p, 6)
	wantUsed(t, p, 0)
}

// Nothing is released when all before it has been sent.
func TestChainOwnNothing(t *testing.T) {
	var c Chain
	p, log := NewPool(0), ""
	release := func(name string) func() { return func() { log += name } }
	c.Own(p, nil, release("a"))
	if log != "a" || c != (Chain{}) {
		t.Errorf("an empty chain released %q and is %+v", log, c)
	}
	c.Copy(p, []byte("12"))
	c.Own(p, []byte{}, release("b"))
	c.Own(p, nil, release("c"))
	c.Copy(p, []byte("3"))
	c.Own(p, nil, release("d"))
	if _, pieces := all(&c); pieces != 2 || log != "a" {
		t.Errorf("%d pieces, released %q", pieces, log)
	}
	c.Drop(p, 1)
	if log != "a" {
		t.Errorf("released %q with a byte to go before", log)
	}
	c.Drop(p, 1)
	if log != "abc" {
		t.Errorf("released %q, want abc", log)
	}
	c.Clear(p)
	if log != "abcd" || c != (Chain{}) {
		t.Errorf("released %q, and the chain is %+v", log, c)
	}
}

// View fills what room there is, behind what is there already, and no more.
func TestChainView(t *testing.T) {
	var c Chain
	p := NewPool(0)
	for _, s := range []string{"ab", "c", "def"} {
		c.Own(p, []byte(s), nil)
	}
	c.Drop(p, 1)
	for room, want := range []string{"", "b", "bc", "bcdef", "bcdef"} {
		dst := append(make([][]byte, 0, room+1), []byte("x"))
		pieces, size := c.View(dst)
		if got := bytes.Join(pieces, nil); string(got) != "x"+want || size != len(want) {
			t.Errorf("room for %d: %q of %d bytes, want x%s", room, got, size, want)
		}
		if len(pieces) != 1+min(room, 3) || &pieces[0] != &dst[0] {
			t.Errorf("room for %d: %d pieces, or in other memory", room, len(pieces))
		}
	}
	if pieces, size := c.View(nil); pieces != nil || size != 0 {
		t.Errorf("no room at all: %q of %d bytes", pieces, size)
	}
}

// Pieces have no room behind them, and appending to the chain leaves them.
func TestChainViewStays(t *testing.T) {
	var c Chain
	p := NewPool(0)
	c.Copy(p, []byte("ab"))
	pieces, _ := c.View(make([][]byte, 0, 4))
	c.Copy(p, []byte("cd"))
	_ = append(pieces[0], "xy"...)
	c.Own(p, []byte("ef"), nil)
	c.Drop(p, 1)
	if string(pieces[0]) != "ab" {
		t.Errorf("the piece is %q now", pieces[0])
	}
	wantChain(t, &c, "bcdef")
}

// A block is free again as soon as its last byte was sent, not earlier.
func TestChainDropGivesBack(t *testing.T) {
	var c Chain
	p := NewPool(0)
	c.Copy(p, text(0, 2*MaxBlock))
	c.Drop(p, MaxBlock-1)
	wantUsed(t, p, 2*MaxBlock)
	c.Drop(p, 1)
	wantUsed(t, p, MaxBlock)
	c.Drop(p, MaxBlock)
	wantUsed(t, p, 0)
	wantHeld(t, p, 2*MaxBlock)
	if c != (Chain{}) {
		t.Errorf("it owns something: %+v", c)
	}
}

func TestChainDropTooMuch(t *testing.T) {
	var c Chain
	p := NewPool(0)
	c.Copy(p, []byte("ab"))
	for _, n := range []int{-1, 3} {
		wantPanic(t, "Drop of more", func() { c.Drop(p, n) })
	}
	wantChain(t, &c, "ab")
}
