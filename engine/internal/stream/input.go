package stream

import "github.com/shardloop/shardloop/buffers"

// inputSize is what one read takes at most, asyncio's max_size.
const inputSize = 256 << 10

// retainWhole is how much of the input makes its memory worth keeping from the
// loop. Less is copied: a quarter of a block held for a few bytes costs more.
const retainWhole = inputSize / 4

// input is the block that all streams of a loop read to.
//
//	         the first read                Retain of much
//	none --------------------> the loop's ----------------> shared with those
//	  ^                                                     who retained it
//	  +-------------- the callback returns --------------------+
//
// While it is shared the loop has a share too, so that what a callback was given
// stays valid until it returns, whoever releases what before.
type input struct {
	block  *buffers.Block
	share  buffers.Ref
	shared bool
}

// buffer is where streams read to.
func (sh *Shard) buffer() []byte {
	if sh.input.block == nil {
		sh.input.block = sh.pool.Get(inputSize)
	}
	return sh.input.block.Bytes()
}

// Retain keeps p, which Data was given or which anybody has, beyond the callback.
// Loop only.
func (sh *Shard) Retain(p []byte) buffers.Ref {
	if at := sh.input.find(p); at >= 0 && len(p) >= retainWhole {
		return sh.shareInput().Slice(at, at+len(p))
	}
	return sh.pool.Copy(p, sh.freed())
}

// find is where in the block p begins, -1 if it is not of the block.
func (in *input) find(p []byte) int {
	if in.block == nil || len(p) == 0 {
		return -1
	}
	mem := in.block.Bytes()
	at := cap(mem) - cap(p)
	if at < 0 || &mem[at] != &p[0] {
		return -1
	}
	return at
}

func (sh *Shard) shareInput() buffers.Ref {
	if in := &sh.input; !in.shared {
		in.share, in.shared = sh.pool.NewRef(in.block, in.block.Bytes(), sh.freed()), true
	}
	return sh.input.share
}

// leaveInput gives up a block that somebody retained.
func (sh *Shard) leaveInput() {
	if sh.input.shared {
		sh.input.share.Release()
		sh.input = input{}
	}
}

// closeInput gives the block back.
func (sh *Shard) closeInput() {
	sh.leaveInput()
	if sh.input.block != nil {
		sh.pool.Put(sh.input.block)
		sh.input = input{}
	}
}

// Buffered is how many bytes of memory hold what is to be sent. Loop only.
func (sh *Shard) Buffered() int {
	n := sh.pool.Used()
	if sh.input.block != nil && !sh.input.shared {
		n -= len(sh.input.block.Bytes())
	}
	return n
}
