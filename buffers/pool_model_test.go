package buffers

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// poolModel is what a pool should do, by counts alone.
type poolModel struct {
	bound, used, held int
	free              map[int]int // size -> blocks
}

// size is that of the block for n bytes.
func (*poolModel) size(n int) int {
	switch {
	case n > 256<<10:
		return n
	case n <= 512:
		return 512
	}
	return 1 << bits.Len(uint(n-1))
}

func (m *poolModel) get(size int) {
	m.used += size
	if m.free[size] > 0 {
		m.free[size]--
		m.held -= size
	}
}

func (m *poolModel) put(size int) {
	m.used -= size
	if size <= 256<<10 && m.held+size <= m.bound {
		m.free[size]++
		m.held += size
	}
}

// loan is a block that is given out, with a stamp at both ends.
type loan struct {
	pool  int
	block *Block
	ref   Ref // instead, for those handed over
	stamp uint64
}

func (l *loan) mark() {
	b := l.block.Bytes()
	binary.NativeEndian.PutUint64(b, l.stamp)
	binary.NativeEndian.PutUint64(b[len(b)-8:], l.stamp)
}

func (l *loan) marked() bool {
	b := l.block.Bytes()
	return binary.NativeEndian.Uint64(b) == l.stamp && binary.NativeEndian.Uint64(b[len(b)-8:]) == l.stamp
}

// pools are some pools beside their models, and all that they have given out.
type pools struct {
	r      *rand.Rand
	pools  []*Pool
	models []*poolModel
	loans  []*loan
	given  map[*Block]bool
	stamp  uint64
	freed  int // bytes of Refs that were freed
}

func newPools(r *rand.Rand, bounds ...int) *pools {
	s := &pools{r: r, given: map[*Block]bool{}}
	for _, b := range bounds {
		s.pools = append(s.pools, NewPool(b))
		s.models = append(s.models, &poolModel{bound: b, free: map[int]int{}})
	}
	return s
}

// get takes a block of a size around a power of two.
func (s *pools) get() error {
	i, n := s.r.IntN(len(s.pools)), s.r.IntN(2<<(4+s.r.IntN(16)))
	b, size := s.pools[i].Get(n), s.models[i].size(n)
	if len(b.Bytes()) != size {
		return fmt.Errorf("Get(%d) gave %d bytes, want %d", n, len(b.Bytes()), size)
	}
	if s.given[b] {
		return fmt.Errorf("Get(%d) gave a block that is in use", n)
	}
	s.models[i].get(size)
	s.stamp++
	l := &loan{pool: i, block: b, stamp: s.stamp}
	l.mark()
	s.given[b], s.loans = true, append(s.loans, l)
	return s.agree()
}

// end gives one block back, or hands it over to a Ref.
func (s *pools) end(i int) error {
	l := s.loans[i]
	size := len(l.block.Bytes())
	if !l.marked() {
		return fmt.Errorf("a block of %d bytes was written to while it was in use", size)
	}
	if l.ref.count == nil && s.r.IntN(4) == 0 {
		s.models[l.pool].used -= size
		l.ref = s.pools[l.pool].NewRef(l.block, l.block.Bytes(), func(n int) { s.freed = n })
		return s.agree()
	}
	s.loans[i] = s.loans[len(s.loans)-1]
	s.loans = s.loans[:len(s.loans)-1]
	delete(s.given, l.block)
	if l.ref.count == nil {
		s.models[l.pool].put(size)
		s.pools[l.pool].Put(l.block)
	} else if l.ref.Release(); s.freed != size {
		return fmt.Errorf("Release freed %d bytes, want %d", s.freed, size)
	}
	return s.agree()
}

func (s *pools) agree() error {
	for i, p := range s.pools {
		m := s.models[i]
		if p.Used() != m.used || p.Held() != m.held || p.Held() > max(m.bound, 0) {
			return fmt.Errorf("pool %d of bound %d: Used %d, Held %d; want %d, %d",
				i, m.bound, p.Used(), p.Held(), m.used, m.held)
		}
	}
	return nil
}

// script takes and gives in a mix that changes, then gives everything back.
func (s *pools) script(steps int) error {
	bias := 5
	for range steps {
		if s.r.IntN(100) == 0 {
			bias = 1 + s.r.IntN(9)
		}
		err := error(nil)
		if len(s.loans) == 0 || s.r.IntN(10) < bias && len(s.loans) < 200 {
			err = s.get()
		} else {
			err = s.end(s.r.IntN(len(s.loans)))
		}
		if err != nil {
			return err
		}
	}
	for len(s.loans) > 0 {
		if err := s.end(0); err != nil {
			return err
		}
	}
	return nil
}

func TestPoolAgainstModel(t *testing.T) {
	s := newPools(newRand(t), 1<<20, 64<<10, 8<<20, -1, 700)
	if err := s.script(steps(10000)); err != nil {
		t.Fatal(err)
	}
	for i, p := range s.pools {
		if p.Used() != 0 {
			t.Errorf("pool %d: Used = %d in the end", i, p.Used())
		}
	}
}
