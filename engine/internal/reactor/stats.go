package reactor

import (
	"math/bits"
	"sync"
)

// Stats are the counters of a reactor since New. Times are nanoseconds.
type Stats struct {
	Counts
	Lateness Histogram // of timers: from the deadline to the turn that runs it
	WakeLag  Histogram // of wake-ups: from the post that woke the loop to its turn
}

// Counts are what most turns change.
type Counts struct {
	Turns       uint64 // turns of the loop
	Callbacks   uint64 // callbacks that came to run
	Events      uint64 // events from the poller
	Stale       uint64 // events whose registration was gone
	Wakeups     uint64 // returns from a wait
	TimersFired uint64 // timers that came due
	Faults      uint64 // panics of callbacks and of the fault handler
	Idle        int64  // time spent waiting

	Timers      int // timers armed now
	Descriptors int // descriptors attached now
}

// Histogram counts durations by the power of two below them: bucket i holds
// those from 2^(i-1) to 2^i - 1 ns, bucket 0 those of zero or less. 40 buckets
// reach nine minutes; what is longer counts in the last.
type Histogram [40]uint64

func (h *Histogram) add(ns int64) {
	i := bits.Len64(uint64(max(ns, 0)))
	h[min(i, len(h)-1)]++
}

// published is the copy of the counters that other goroutines may read. The
// loop counts in plain memory and copies here before it sleeps, every
// publishEvery turns, and when a run ends: an atomic store per turn would cost
// more than the turn itself. The histograms, eight times as long as the rest, are copied
// only when they have changed: a loop that sleeps between requests has lost its cache
// to others.
type published struct {
	mu    sync.Mutex
	stats Stats // guarded by mu
}

func (r *Reactor) publish() {
	r.stats.Timers = r.timers.wheel.Len()
	r.stats.Descriptors = r.slots.live
	r.publishAt = r.stats.Turns + publishEvery
	r.shown.mu.Lock()
	r.shown.stats.Counts = r.stats.Counts
	if r.measured {
		r.measured = false
		r.shown.stats = r.stats
	}
	if r.cfg.Published != nil {
		r.cfg.Published()
	}
	r.shown.mu.Unlock()
}

// Stats returns the counters: exact while the loop sleeps and at the end of a
// run, at most 256 polls old while it works. What is armed, attached or removed
// between runs is counted from the next run on. Any goroutine.
func (r *Reactor) Stats() (s Stats) {
	r.Shown(func() { s = r.shown.stats })
	return s
}

// Shown calls read, which sees what Config.Published has left. Any goroutine.
func (r *Reactor) Shown(read func()) {
	r.shown.mu.Lock()
	defer r.shown.mu.Unlock()
	read()
}
