// Package buffers is the memory that bytes wait in: blocks of a few sizes, pools
// of them, and the chains of what a connection has still to send.
//
// Every block is plain memory without pointers on Go's heap, so the collector
// never looks inside. A Pool belongs to one loop and is a free list for each
// size, with a bound in bytes; what does not fit spills into a pool that all
// loops share. Getting a block and giving it back costs a nanosecond or two.
//
// Who owns a block, and until when:
//
//   - Pool.Get gives it to the caller, Pool.Put takes it back.
//   - A Chain owns the blocks that it has copied bytes into, until Drop or Clear
//     has passed them.
//   - A Ref is one share of a block that several hold. The last Release gives it
//     back, on any goroutine.
//
// With the build tag invariants, a block that was given back is overwritten, and
// using it or giving it back twice is a panic.
package buffers
