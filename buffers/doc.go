// Package buffers is the memory that bytes wait in: blocks of a few sizes, pools
// of them, and the chains of what a connection has still to send.
//
// Every block is plain memory without pointers on Go's heap, so the collector
// never looks inside. A Pool belongs to one loop and is a free list for each
// size, with a bound in bytes; what does not fit spills into a pool that all
// loops share. A block of more than MaxBlock bytes is made for its one use and
// never kept.
//
// Who owns a block, and until when:
//
//   - Pool.Get gives it to the caller, Pool.Put takes it back: the Put of the
//     same Pool, once.
//   - A Chain owns the blocks that it has copied bytes into, until Drop or Clear
//     has passed them.
//   - Pool.NewRef takes it from the caller, who must not Put it any more. Each
//     Ref is one share of it. The last Release gives it back, on any goroutine.
//
// Memory that Chain.Own is given is no block. It is the chain's until its
// release is called, and nobody may write to it before.
//
// With the build tag invariants, blocks that are free are overwritten, and these
// are panics: to give a block back twice, or where it does not belong; to write
// to one that is free, found when it is next given out; and to use or release a
// share that was released, also while others still hold the block.
package buffers
