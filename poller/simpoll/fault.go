package simpoll

import (
	"time"

	"github.com/shardloop/shardloop/poller"
)

// Op names a method of the poller, for Inject and Calls.
type Op uint8

// The methods that faults can befall.
const (
	OpPoll Op = iota
	OpWait
	OpAdd
	OpModify
	OpRemove
	OpRearm
	OpRebuild
	OpWake
	ops
)

// Fault is what happens to one call. The zero Fault is no fault.
type Fault struct {
	// Do runs before the call looks at anything and holds no lock: it may
	// change what is ready, close descriptors, advance the clock, wake.
	Do func()

	// Elapse is time that passes before the call.
	Elapse time.Duration

	// Err is what the call fails with, without having done anything.
	Err error

	// Events come first in the batch of a Poll or Wait: spurious readiness,
	// stale tokens, completions.
	Events []poller.Event

	// Early ends a Poll or Wait at once without the real events, as a signal
	// would. A wake-up stays pending.
	Early bool
}

// Inject plans faults for the next calls of op, one fault a call, behind those
// planned before.
func (p *Poller) Inject(op Op, faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[op] = append(p.faults[op], faults...)
}

// Calls is how often op was called.
func (p *Poller) Calls(op Op) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[op]
}

// nextFault counts a call of op and takes its fault.
func (p *Poller) nextFault(op Op) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[op]++
	if len(p.faults[op]) == 0 {
		return Fault{}
	}
	f := p.faults[op][0]
	p.faults[op] = p.faults[op][1:]
	return f
}
