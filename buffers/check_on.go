//go:build invariants

package buffers

// poison is what free memory holds.
const poison = 0xDB

// check finds wrong uses of a block: giving it back twice, and writing to it
// afterwards.
type check struct{ free bool }

// taken is called when a free block is given out.
func (c *check) taken(mem []byte) {
	c.free = false
	for _, b := range mem {
		if b != poison {
			panic("buffers: a block was written to after it was given back")
		}
	}
}

// given is called when a block is given back.
func (c *check) given(mem []byte) {
	if c.free {
		panic("buffers: a block was given back twice")
	}
	c.free = true
	for i := range mem {
		mem[i] = poison
	}
}
