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
	// MaxBlock is the size of the largest block.
	MaxBlock = 1 << maxShift
)

// classOf is the smallest class whose blocks hold n bytes, for n up to MaxBlock.
func classOf(n int) int {
	if n <= MinBlock {
		return 0
	}
	return bits.Len(uint(n-1)) - minShift
}

// sizeOf is the size of a class's blocks.
func sizeOf(class int) int { return MinBlock << class }
