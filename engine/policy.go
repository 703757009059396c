package engine

import (
	"sync"
	"sync/atomic"

	"github.com/shardloop/shardloop/internal/gid"
)

// Policy decides what NewEventLoop makes and where the current loop is kept:
// asyncio's AbstractEventLoopPolicy. Embed DefaultPolicy to change one part.
// Its methods may be called from any goroutine.
type Policy interface {
	CurrentLoop() (*Loop, error)               // get_event_loop
	SetEventLoop(l *Loop)                      // set_event_loop
	NewEventLoop(config Config) (*Loop, error) // new_event_loop
}

// DefaultPolicy keeps a current loop for each goroutine and makes loops on the
// best poller of the platform.
type DefaultPolicy struct{}

// currentLoops holds what SetEventLoop set, by goroutine number, which is never
// used again.
var currentLoops sync.Map // of uint64 to *Loop

// CurrentLoop returns what the calling goroutine has set.
func (DefaultPolicy) CurrentLoop() (*Loop, error) {
	if l, ok := currentLoops.Load(gid.Number()); ok {
		return l.(*Loop), nil
	}
	return nil, ErrNoCurrentLoop
}

// SetEventLoop sets or, with nil, clears the calling goroutine's loop.
func (DefaultPolicy) SetEventLoop(l *Loop) {
	if l == nil {
		currentLoops.Delete(gid.Number())
		return
	}
	currentLoops.Store(gid.Number(), l)
}

// NewEventLoop makes a loop.
func (DefaultPolicy) NewEventLoop(config Config) (*Loop, error) { return newLoop(config) }

// policyBox lets an interface travel in an atomic pointer.
type policyBox struct{ Policy }

var policy atomic.Pointer[policyBox]

// SetPolicy makes p the policy of the process, nil the default one:
// set_event_loop_policy. Any goroutine.
func SetPolicy(p Policy) {
	if p == nil {
		policy.Store(nil)
		return
	}
	policy.Store(&policyBox{p})
}

// CurrentPolicy is the policy of the process: get_event_loop_policy. Any
// goroutine.
func CurrentPolicy() Policy {
	if b := policy.Load(); b != nil {
		return b.Policy
	}
	return DefaultPolicy{}
}
