package servers

import (
	"sync"

	"github.com/shardloop/shardloop/engine"
)

// calls counts this server's system calls that move bytes, where the kernel does
// not: it counts those of the families of read and write, and none of send and
// receive.
var calls struct {
	mu    sync.Mutex
	loops []*engine.Loop // guarded by mu; none for another library
}

// countCalls has reports tell the calls of loops.
func countCalls(loops ...*engine.Loop) {
	calls.mu.Lock()
	defer calls.mu.Unlock()
	calls.loops = loops
}

// counted are the calls so far.
func counted() (reads, writes uint64) {
	calls.mu.Lock()
	defer calls.mu.Unlock()
	for _, l := range calls.loops {
		s := l.Stats()
		reads, writes = reads+s.Reads, writes+s.Writes
	}
	return reads, writes
}
