//go:build invariants

package buffers

import "sync/atomic"

// poison is what free memory holds.
const poison = 0xDB

// check finds wrong uses of a block: giving it back twice or where it does not
// belong, and writing to it afterwards.
type check struct {
	owner any // the *Pool or *refCount that must give it back; nil when free
}

// made is called for a new block, which is free and soon taken.
func (c *check) made(mem []byte) {
	for i := range mem {
		mem[i] = poison
	}
}

// taken is called when a free block is given out.
func (c *check) taken(owner any, mem []byte) {
	c.owner = owner
	for _, b := range mem {
		if b != poison {
			panic("buffers: a block was written to after it was given back")
		}
	}
}

// given is called when a block is given back.
func (c *check) given(owner any, mem []byte) {
	c.mustBe(owner)
	c.owner = nil
	c.made(mem)
}

// handedOver is called when a block changes hands without being free.
func (c *check) handedOver(from, to any) {
	c.mustBe(from)
	c.owner = to
}

func (c *check) mustBe(owner any) {
	switch c.owner {
	case owner:
	case nil:
		panic("buffers: a block was given back twice")
	default:
		panic("buffers: a block was given back where it does not belong")
	}
}

// shareCheck finds wrong uses of a share. All copies of a Ref have the same; the
// zero Ref has none.
type shareCheck struct{ over *atomic.Bool }

func newShareCheck() shareCheck { return shareCheck{new(atomic.Bool)} }

// used is called when a share is used by the method called name.
func (s shareCheck) used(name string) {
	if s.over != nil && s.over.Load() {
		panic("buffers: " + name + " of a Ref that was released")
	}
}

// released is called when a share is released.
func (s shareCheck) released() {
	if s.over.Swap(true) {
		panic("buffers: Release of a Ref that was released")
	}
}
