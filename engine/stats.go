package engine

import (
	"time"

	"github.com/shardloop/shardloop/engine/internal/dgram"
	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/stream"
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

	Connections int // transports of streams that are not gone
	Lingering   int // descriptors that outlive their transport, see Config.Linger
	Buffered    int // bytes of memory that hold what is to be sent

	Memory       int    // bytes that count for Config.MemoryLimit and Config.Budget; 0 without them
	MemoryPauses uint64 // times that the loop stopped to read and to accept because of them
	MemoryPaused bool   // whether it does so now

	Reads         uint64 // system calls of transports that read
	Writes        uint64 // and those that write
	BytesReceived uint64
	BytesSent     uint64
	LateWrites    uint64 // writes to a transport that was closing or lost
	TimedOut      TimedOut

	Datagrams DatagramStats

	Lateness Histogram // of timers: from the deadline to the turn that runs it
	WakeLag  Histogram // from the post that woke a sleeping loop to its turn
}

// TimedOut counts the connections that a limit has ended: by which of the
// Timeouts, or by Config.CloseTimeout.
type TimedOut = stream.TimedOut

// DatagramStats counts what the datagram endpoints of a loop have done. Of the
// datagrams that SendTo has accepted, each still waits or counts once: in Sent,
// SendErrors or Unsent.
type DatagramStats = dgram.Stats

// Histogram counts durations by powers of two: bucket i holds those from
// 2^(i-1) to 2^i - 1 nanoseconds, bucket 0 those of zero.
type Histogram = reactor.Histogram

// Stats returns the counters: exact while the loop sleeps and at the end of a
// run, at most 256 polls old while it works. What is armed, watched or removed
// between runs is counted from the next run on. Any goroutine.
func (l *Loop) Stats() Stats {
	var t transportStats
	s := l.r.Stats()
	l.r.Shown(func() { t = l.shown })
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

		Connections:   t.Open,
		Lingering:     t.Lingering,
		Buffered:      t.buffered,
		Memory:        t.Memory,
		MemoryPauses:  t.MemoryPauses,
		MemoryPaused:  t.MemoryPaused,
		Reads:         t.Reads,
		Writes:        t.Writes,
		BytesReceived: t.BytesRead,
		BytesSent:     t.BytesSent,
		LateWrites:    t.LateWrites,
		TimedOut:      t.TimedOut,

		Datagrams: t.datagrams,
	}
}

// transportStats are the counters of transports as they were when the reactor's were
// shown.
type transportStats struct {
	stream.Stats
	buffered  int
	datagrams DatagramStats
}

// publish is called when the reactor shows its counters.
func (l *Loop) publish() {
	if l.streams == nil {
		return
	}
	l.shown.Stats, l.shown.buffered = l.streams.Stats(), l.streams.Buffered()
	if l.datagrams != nil {
		l.shown.datagrams = l.datagrams.Stats()
	}
}
