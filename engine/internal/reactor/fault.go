package reactor

import (
	"fmt"
	"os"
	"runtime/debug"
)

// Fault is something that went wrong on the loop and that no caller can be
// told of.
type Fault struct {
	Panic any    // what a callback panicked with; nil for other faults
	Stack []byte // the stack of the panic
	Err   error  // the fault, when it was no panic
}

// String is the fault in words, with the stack of a panic.
func (f Fault) String() string {
	if f.Panic == nil {
		return f.Err.Error()
	}
	return fmt.Sprintf("panic in callback: %v\n\n%s", f.Panic, f.Stack)
}

// caught handles a panic that ended a guarded stretch of turns. It runs in the
// deferred function, so that the stack of the panic still stands.
func (r *Reactor) caught(v any) {
	r.stats.Faults++
	r.report(Fault{Panic: v, Stack: debug.Stack()})
}

// report hands a fault to the owner. A handler that panics itself is reported
// to standard error, and the loop goes on.
func (r *Reactor) report(f Fault) {
	defer func() {
		if v := recover(); v != nil {
			r.stats.Faults++
			fmt.Fprintf(os.Stderr, "shardloop: panic in the fault handler: %v; it was told of: %v\n", v, f)
		}
	}()
	if r.cfg.Fault == nil {
		fmt.Fprintf(os.Stderr, "shardloop: %v\n", f)
		return
	}
	r.cfg.Fault(f)
}
