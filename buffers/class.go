package buffers

import "math/bits"

// The sizes of blocks are the powers of two from 512 bytes to 256 KiB. Smaller
// ones would cost more in bookkeeping than they save; the largest is what one
// read takes, asyncio's max_size.
const (
	minShift = 9
	maxShift = 18
	classes  = maxShift - minShift + 1

	// MinBlock is the size of the smallest block.
	MinBlock = 1 << minShift
	// MaxBlock is the size of the largest block that pools keep.
	MaxBlock = 1 << maxShift
)

// unpooled is the class of blocks larger than MaxBlock, which no pool keeps.
const unpooled = -1

// classOf is the smallest class whose blocks hold n bytes.
func classOf(n int) int {
	if n > MaxBlock {
		return unpooled
	}
	return bits.Len(uint(max(n, MinBlock)-1)) - minShift
}

// sizeOf is the size of a class's blocks.
func sizeOf(class int) int { return MinBlock << class }
