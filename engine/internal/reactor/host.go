package reactor

import (
	"time"

	"github.com/shardloop/shardloop/poller"
)

// Host is how a loop waits for something to do.
//
// A blocked loop keeps a thread in the system call; a parked one leaves its
// wait to the runtime's poller. With a processor of the runtime idle, parking
// serves a wake-up for a fraction of the CPU time, because no thread has to be
// found and no processor taken back. With all of them busy, a parked loop waits
// until one of them looks at its poller, 10 to 20 ms, while a blocked one is
// back in tens of microseconds. docs/perf/host.md has the numbers.
type Host uint8

const (
	// HostAuto parks, and blocks for a while when a wake-up came late.
	HostAuto Host = iota
	// HostBlock always blocks.
	HostBlock
	// HostPark always parks.
	HostPark
)

const (
	// lateAfter is how late a wake-up makes HostAuto block: far above what a
	// timer or a wake-up costs on an idle machine (under 100 µs), far below what
	// a parked loop waits behind busy processors (10 ms and more).
	lateAfter = int64(time.Millisecond)

	// blockFor is how long HostAuto then blocks before it tries to park again:
	// one late wake-up a second is the price of finding out.
	blockFor = int64(time.Second)
)

// host decides the mode of each wait.
type host struct {
	kind       Host
	blockUntil int64
}

// mode is how to wait at the time now.
func (h *host) mode(now int64) poller.Mode {
	if h.kind == HostBlock || now < h.blockUntil {
		return poller.Block
	}
	return poller.Park
}

// woke tells that a wake-up at the time now came late by the given time.
func (h *host) woke(now, late int64) {
	if h.kind == HostAuto && late > lateAfter {
		h.blockUntil = now + blockFor
	}
}

// sleep waits for events, mail or the earliest deadline and returns the time.
func (r *Reactor) sleep() (now int64) {
	deadline := poller.NoDeadline
	if when, ok := r.timers.wheel.Next(); ok {
		deadline = when
	}
	before := r.poller.Now()
	if deadline <= before || !r.mail.prepare() || r.stopping.Load() {
		r.mail.awaken()
		r.events, r.failure = r.poller.Poll()
		return before
	}
	r.publish()
	r.events, r.failure = r.poller.Wait(early(deadline, r.spin), r.host.mode(before))
	stamp := r.mail.awaken()
	now = r.poller.Now()
	r.stats.Wakeups++
	r.stats.Idle += now - before
	r.judge(now, deadline, stamp)
	return r.spinUntil(now, deadline)
}

// early is the deadline to wait for when the rest is spun.
func early(deadline int64, spin int64) int64 {
	if deadline == poller.NoDeadline {
		return deadline
	}
	return deadline - spin
}

// judge measures how late this wake-up was, where something tells.
func (r *Reactor) judge(now, deadline, stamp int64) {
	if now >= deadline {
		r.host.woke(now, now-deadline)
	}
	if stamp != 0 {
		r.host.woke(now, now-stamp)
		r.stats.WakeLag.add(now - stamp)
	}
}

// spinUntil polls the rest of the way to a deadline that is within the spin.
func (r *Reactor) spinUntil(now, deadline int64) int64 {
	for now < deadline && deadline-now <= r.spin && !r.interrupted() {
		r.events, r.failure = r.poller.Poll()
		now = r.poller.Now()
	}
	return now
}

// interrupted reports whether there is a reason not to wait any longer.
func (r *Reactor) interrupted() bool {
	return len(r.events) > 0 || r.failure != nil || r.mail.full.Load() || r.stopping.Load()
}
