package engine

import (
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// Stats are a loop's counters since it was made.
type Stats struct {
	Turns       uint64        // turns of the loop
	Callbacks   uint64        // callbacks of CallSoonArg and its kin
	Events      uint64        // events from the poller
	Wakeups     uint64        // returns from a wait
	TimersFired uint64        // timers that came due
	Panics      uint64        // callbacks that panicked
	Idle        time.Duration // time spent waiting

	Timers      int // timers armed
	Descriptors int // descriptors watched

	Lateness Histogram // of timers: from the deadline to the turn that runs it
	WakeLag  Histogram // from the post that woke a sleeping loop to its turn
}

// Histogram counts durations by powers of two: bucket i holds those from
// 2^(i-1) to 2^i - 1 nanoseconds, bucket 0 those of zero.
type Histogram = reactor.Histogram

// Stats returns the counters: exact while the loop sleeps and at the end of a
// run, at most 256 polls old while it works. What is armed, watched or removed
// between runs is counted from the next run on. Any goroutine.
func (l *Loop) Stats() Stats {
	s := l.r.Stats()
	return Stats{
		Turns:       s.Turns,
		Callbacks:   s.Callbacks,
		Events:      s.Events,
		Wakeups:     s.Wakeups,
		TimersFired: s.TimersFired,
		Panics:      s.Faults,
		Idle:        time.Duration(s.Idle),
		Timers:      s.Timers,
		Descriptors: s.Descriptors,
		Lateness:    s.Lateness,
		WakeLag:     s.WakeLag,
	}
}
