package buffers

import (
	"bytes"
	"testing"
)

// freed notes the sizes of blocks that are free.
type freed []int

func (f *freed) add(size int) { *f = append(*f, size) }

// want fails the test when other sizes were noted.
func (f *freed) want(t *testing.T, sizes ...int) {
	t.Helper()
	if len(*f) != len(sizes) {
		t.Errorf("freed %v, want %v", *f, sizes)
		return
	}
	for i, n := range sizes {
		if (*f)[i] != n {
			t.Errorf("freed %v, want %v", *f, sizes)
		}
	}
}

// wantRef fails the test when the share holds other bytes than want, or room
// behind them.
func wantRef(t *testing.T, r Ref, want string) {
	t.Helper()
	if b := r.Bytes(); string(b) != want || cap(b) != len(b) {
		t.Errorf("the share holds %q and room for %d, want %q", b, cap(b), want)
	}
}

// The zero Ref can do everything, and it does nothing.
func TestRefZero(t *testing.T) {
	var r Ref
	wantRef(t, r, "")
	wantRef(t, r.Share(), "")
	wantRef(t, r.Slice(0, 0), "")
	r.Share().Release()
	r.Release()
	r.Release()
}

func TestRefNew(t *testing.T) {
	p, f := NewPool(0), freed{}
	b := p.Get(1000)
	r := p.NewRef(b, b.Bytes()[3:6], f.add)
	wantUsed(t, p, 0)
	copy(b.Bytes(), "012345678")
	wantRef(t, r, "345")
	f.want(t)
	r.Release()
	f.want(t, 1024)
	wantHeld(t, p, 0)
}

func TestRefCopy(t *testing.T) {
	p, f, data := NewPool(0), freed{}, []byte("abc")
	r := p.Copy(data, f.add)
	data[0] = 'x'
	wantRef(t, r, "abc")
	wantUsed(t, p, 0)
	r.Release()
	f.want(t, MinBlock)
	p.Copy(data, nil).Release()
}

// A copy may be of any size; more than MaxBlock has a block of its own.
func TestRefCopySizes(t *testing.T) {
	p := NewPool(0)
	for n, want := range map[int]int{
		1: MinBlock, MaxBlock: MaxBlock, MaxBlock + 1: MaxBlock + 1, 3*MaxBlock + 5: 3*MaxBlock + 5,
	} {
		f := freed{}
		r := p.Copy(text(1, n), f.add)
		if !bytes.Equal(r.Bytes(), text(1, n)) {
			t.Errorf("the copy of %d bytes is another", n)
		}
		r.Release()
		f.want(t, want)
	}
	wantUsed(t, p, 0)
}

func TestRefCopyOfNothing(t *testing.T) {
	p := NewPool(0)
	for _, data := range [][]byte{nil, {}} {
		r := p.Copy(data, func(int) { t.Error("freed is called") })
		if r.count != nil || r.bytes != nil {
			t.Errorf("not the zero Ref: %+v", r)
		}
		r.Release()
	}
}

// The bytes stay until the last share is released, in whatever order that is.
func TestRefShares(t *testing.T) {
	for last := range 3 {
		p, f := NewPool(0), freed{}
		r := p.Copy([]byte("abcdef"), f.add)
		shares := []Ref{r, r.Share(), r.Slice(2, 5)}
		for i, s := range shares {
			if i != last {
				s.Release()
			}
		}
		f.want(t)
		wantRef(t, shares[last], []string{"abcdef", "abcdef", "cde"}[last])
		shares[last].Release()
		f.want(t, MinBlock)
	}
}

func TestRefSlice(t *testing.T) {
	p, f := NewPool(0), freed{}
	r := p.Copy([]byte("abcdef"), f.add)
	part := r.Slice(1, 5)
	inner, empty := part.Slice(1, 2), part.Slice(4, 4)
	wantRef(t, part, "bcde")
	wantRef(t, inner, "c")
	wantRef(t, empty, "")
	_ = append(inner.Bytes(), 'x')
	wantRef(t, r, "abcdef")
	for _, s := range []Ref{r, part, inner} {
		s.Release()
	}
	f.want(t)
	empty.Release()
	f.want(t, MinBlock)
}

// A part that the bytes do not have is a panic, and no share.
func TestRefSliceTooFar(t *testing.T) {
	p, f := NewPool(0), freed{}
	r := p.Copy([]byte("abc"), f.add)
	for _, part := range [][2]int{{0, 4}, {2, 1}, {-1, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Slice%v is no panic", part)
				}
			}()
			r.Slice(part[0], part[1])
		}()
	}
	r.Release()
	f.want(t, MinBlock)
}

// What is wrong once stays wrong, and frees nothing again.
func TestRefAfterTheLast(t *testing.T) {
	p, f := NewPool(0), freed{}
	r := p.Copy([]byte("abc"), f.add)
	s := r.Share()
	s.Release()
	r.Release()
	for range 3 {
		wantPanic(t, "Release of a Ref", r.Release)
		wantPanic(t, "Share of a Ref", func() { r.Share() })
		wantPanic(t, "Share of a Ref", func() { r.Share() })
		wantPanic(t, "Share of a Ref", func() { r.Slice(0, 1) })
		wantPanic(t, "Release of a Ref", s.Release)
	}
	f.want(t, MinBlock)
}

// A share that would begin while the last one ends is refused: the block goes to
// somebody else.
func TestRefShareDuringTheLast(t *testing.T) {
	p, f := NewPool(0), freed{}
	r := p.Copy([]byte("abc"), f.add)
	r.count.n.Add(-1) // what Release does first
	wantPanic(t, "Share of a Ref", func() { r.Share() })
	f.want(t)
}

// TestLent: all memory that ever went to Refs, whole blocks of it.
func TestLent(t *testing.T) {
	p := NewPool(0)
	p.Copy(nil, nil)
	p.Copy(make([]byte, 1), nil).Release()
	b := p.Get(MinBlock + 1)
	r := p.NewRef(b, b.Bytes()[:3], nil)
	r.Share().Release()
	r.Release()
	if n := p.Lent(); n != 3*MinBlock {
		t.Errorf("Lent = %d, want %d", n, 3*MinBlock)
	}
}
