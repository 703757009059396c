// Package gid tells goroutines apart.
//
// A loop has to know whether it is being called on its own goroutine, and a
// coroutine whether it runs where its task lives. Go offers no name for a
// goroutine, so this package gives two, for two purposes:
//
//   - Current is an identity for comparisons. On amd64 and arm64 it is the
//     address of the runtime's g structure, read by one instruction: about 2 ns.
//     Elsewhere it is the goroutine's number, which costs about a microsecond.
//   - Number is the goroutine's number, for tables that outlive goroutines.
//
// # What a g address means
//
// Among live goroutines it is unique, and it stays the same for the life of a
// goroutine: stacks move, g structures do not. The runtime never frees one, and
// hands it to a new goroutine after the old one has ended, so an identity that
// is kept longer than its goroutine may come to name another. Whoever keeps one
// clears it when that goroutine ends. The address is compared and nothing else:
// an ID is a number to the garbage collector and to the caller alike.
//
// A coroutine of iter.Pull is a goroutine of its own here, different from the
// one that resumes it.
package gid

import (
	"runtime"
	"sync"
)

// ID is the identity of a live goroutine. Only == means anything on it. The
// zero ID belongs to no goroutine.
type ID uintptr

// headerSize holds "goroutine ", the twenty digits of the largest number, and
// the blank that ends it.
const headerSize = 32

var headers = sync.Pool{New: func() any { return new([headerSize]byte) }}

// Number is the number of the calling goroutine, the one that stack traces
// print. It is unique for the life of the process and never zero. It costs
// about a microsecond and allocates nothing in the steady state.
func Number() uint64 {
	buf := headers.Get().(*[headerSize]byte)
	n, ok := parseHeader(buf[:runtime.Stack(buf[:], false)])
	headers.Put(buf)
	if !ok {
		panic("gid: runtime.Stack does not begin with a goroutine's number")
	}
	return n
}

// parseHeader reads the number out of "goroutine 18 [running]:". Traceback
// level "system" puts other words behind the number; a blank follows it always.
func parseHeader(b []byte) (n uint64, ok bool) {
	const prefix = "goroutine "
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return 0, false
	}
	for _, c := range b[len(prefix):] {
		if c == ' ' {
			return n, n != 0
		}
		if c < '0' || c > '9' || n > (1<<64-1)/10 {
			return 0, false
		}
		d := uint64(c - '0')
		if n*10 > 1<<64-1-d {
			return 0, false
		}
		n = n*10 + d
	}
	return 0, false
}
