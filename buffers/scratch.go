package buffers

import "github.com/valyala/bytebufferpool"

// Scratch is a buffer that grows, for goroutines that are no loop's: building a
// message in an executor, say. On a loop, blocks are cheaper and bounded.
type Scratch = bytebufferpool.ByteBuffer

// GetScratch takes an empty buffer of a pool that all share. Any goroutine.
func GetScratch() *Scratch { return bytebufferpool.Get() }

// PutScratch gives it back. The caller must not touch it again. Any goroutine.
func PutScratch(s *Scratch) { bytebufferpool.Put(s) }
