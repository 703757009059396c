package reactor

import (
	"runtime"

	"github.com/shardloop/shardloop/engine/internal/affinity"
)

// thread is what the reactor's goroutine runs on.
//
//	       LockThread              CPUs, first run
//	any ----------------> its own ----------------> pinned
//	                         ^                        |
//	                         +-- the goroutine ends --+
//
// The goroutine ends locked, so that its thread ends with it and no other goroutine
// ever runs on a pinned one. The exception is the main thread, which the runtime
// keeps, and by which others judge the process: so the goroutine gives back the
// processors that it had.
type thread struct {
	locked bool
	cpus   []int
	undo   func() // nil unless it is pinned
}

func (t *thread) lock() {
	if t.locked {
		runtime.LockOSThread()
	}
}

// pin is asked before each run, until it succeeds.
func (t *thread) pin() (err error) {
	if len(t.cpus) > 0 && t.undo == nil {
		t.undo, err = affinity.Pin(t.cpus)
	}
	return err
}

func (t *thread) leave() {
	if t.undo != nil {
		t.undo()
	}
}
