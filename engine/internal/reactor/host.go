package reactor

import (
	"runtime"
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
// back in tens of microseconds. Short waits are cheapest blocked, if the loop
// yields before each. docs/perf/host.md has the numbers.
type Host uint8

const (
	// HostAuto parks, blocks while its waits are short, and blocks for a while
	// when a wake-up came late.
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

	// probeEvery is how often a parked loop that lives on descriptors alone
	// looks whether it is woken in time: an extra wake-up of 20 µs in 100 ms.
	probeEvery = int64(100 * time.Millisecond)
)

// lastStretch is how long before a deadline a spinning loop stops polling: a few
// polls, the last of which would end after the deadline by half a poll.
const lastStretch = int64(2 * time.Microsecond)

// lingerLooks is how often a loop that had mail since it last waited looks for
// more before it waits again: about half a microsecond, one poll. A goroutine
// that posts without pause has the next post there by then, and would otherwise
// pay for a wake-up, which costs as much as 30 posts, again and again.
const lingerLooks = 400

const (
	// stormFrom is from how many posts at once on the loop lets the next ones
	// gather: whoever posts that fast works on another processor at this moment.
	stormFrom = 8

	// stormLooks is for how long it does: about a microsecond. A loop that keeps up
	// with the posts takes a few at a time, and each take costs both sides the cache
	// lines of the mailbox, which is more than all else.
	stormLooks = 1000
)

const (
	// shortWait is a wait that is over before the runtime's monitor has looked
	// twice, at its most attentive: every 20 µs, and some more by the kernel's
	// slack. A longer blocked wait loses its processor and wakes the monitor up
	// for it.
	shortWait = int64(100 * time.Microsecond)

	// briefFrom is the score at which HostAuto blocks; a short wait raises it by
	// one up to briefMost, and any other lowers it by briefLess. So it takes a few
	// short waits to begin and five long ones in a row to end, and it goes on for as
	// long as fewer than a third are long.
	briefFrom, briefMost, briefLess = 8, 16, 2

	// debtFirst and debtMost bound how many short waits more it takes to begin anew:
	// twice as many each time, less one for each short wait while it blocked. To give
	// the set back to the runtime costs as much as a wake-up and three objects, and
	// keeps the runtime's monitor awake, which then takes the processor from the next
	// blocked waits: so that has to become rare where waits are short by turns only.
	debtFirst, debtMost = 8, 1024
)

// host decides how each wait is done, and judges the parked ones.
//
// Waits that are short as a rule are blocked ones, brief: no thread has to be
// found and the runtime's poller not to be asked, and the processor stays with the
// loop's thread. But it stays so only because the loop yields before each of them:
// the runtime takes the processor from a goroutine that was not scheduled for
// 10 ms, again and again. Yielding also lets the goroutines run that the loop has
// made ready, and tells when the processors are busy: the loop comes back late.
//
// A deadline and the stamp of a post tell how late a wake-up came. Events carry
// no time, so a loop that is woken by nothing but events sets itself a deadline
// now and then, a probe: had it been due, it would have woken the loop, so
// whoever wakes up long after it was late whatever it was woken by. A loop that
// sees no events sets no probes and sleeps for as long as it likes.
//
//	       short waits          late
//	park <-------------> brief ------> block
//	 | ^   five long ones               |  ^
//	 | +------------ after 1 s ---------+  |
//	 +---------------- late ---------------+
type host struct {
	kind       Host
	score      int  // of short waits; below 0 by the debt when brief waits have ended
	debt       int  // how many short waits more it takes to begin anew
	parks      bool // the poller can
	company    bool // other processors of the runtime may be posting
	blockUntil int64
	nextProbe  int64
	probe      int64 // deadline of the present wait's probe; NoDeadline: none
}

func newHost(kind Host, traits poller.Traits) host {
	return host{
		kind: kind, parks: traits.Park, probe: poller.NoDeadline,
		company: runtime.GOMAXPROCS(0) > 1,
	}
}

// brief reports whether a wait that begins now is to be a brief one.
func (h *host) brief(now int64) bool {
	return h.kind == HostAuto && h.parks && h.score >= briefFrom && now >= h.blockUntil
}

// waited tells how long a wait took.
func (h *host) waited(took int64) {
	if took < shortWait {
		h.short()
	} else {
		h.long()
	}
}

func (h *host) short() {
	if h.score >= briefFrom {
		h.debt = max(h.debt-1, 0)
	}
	h.score = min(h.score+1, briefMost)
}

func (h *host) long() {
	before := h.score
	h.score = max(before-briefLess, min(before, 0))
	if before >= briefFrom && h.score < briefFrom {
		h.debt = min(2*h.debt+debtFirst, debtMost)
		h.score = -h.debt
	}
}

// plan decides the mode of a wait that begins now, and whether it is probed.
func (h *host) plan(now int64, afterEvents bool) poller.Mode {
	h.probe = poller.NoDeadline
	if h.kind == HostBlock || !h.parks || now < h.blockUntil || h.brief(now) {
		return poller.Block
	}
	if h.kind == HostAuto && afterEvents && now >= h.nextProbe {
		h.nextProbe = now + probeEvery
		h.probe = now + lateAfter
	}
	return poller.Park
}

// woke tells that a parked wait ended now, which should have been at the time
// due or before.
func (h *host) woke(now, due int64) {
	if h.kind == HostAuto && now-due > lateAfter {
		h.blockUntil = now + blockFor
	}
}

// yield lets other goroutines run before a brief wait, and returns the time. A
// loop that comes back late has learned that the processors are busy.
func (r *Reactor) yield(before int64) int64 {
	runtime.Gosched()
	now := r.poller.Now()
	r.host.woke(now, before)
	return now
}

// sleep waits for events, mail or the earliest deadline and returns the time.
func (r *Reactor) sleep() int64 {
	deadline := poller.NoDeadline
	if when, ok := r.timers.wheel.Next(); ok {
		deadline = when
	}
	r.linger()
	before := r.poller.Now()
	if r.host.brief(before) {
		before = r.yield(before)
	}
	if deadline <= before || !r.mail.prepare() || r.stopping.Load() {
		r.mail.awaken()
		r.events, r.failure = r.poller.Poll()
		return 0
	}
	r.publish()
	mode := r.host.plan(before, r.fruitful)
	r.fruitful = false
	r.events, r.failure = r.poller.Wait(min(early(deadline, r.spin), r.host.probe), mode)
	stamp := r.mail.awaken()
	now := r.poller.Now()
	r.account(before, now, stamp)
	r.host.waited(now - before)
	if mode == poller.Park {
		r.judge(now, deadline, stamp)
	}
	return r.spinUntil(now, deadline)
}

// linger looks for mail a little longer, if there was some of late, and if there was
// much, lets it gather.
func (r *Reactor) linger() {
	n := r.mailed
	if n == 0 {
		return
	}
	r.mailed = 0
	if n >= stormFrom && r.host.company {
		for i := 0; i < stormLooks && !r.stopping.Load(); i++ {
		}
	}
	for i := 0; i < lingerLooks && !r.mail.full.Load(); i++ {
	}
}

// account counts a wait.
func (r *Reactor) account(before, now, stamp int64) {
	r.stats.Wakeups++
	r.stats.Idle += now - before
	if stamp != 0 {
		r.stats.WakeLag.add(now - stamp)
		r.measured = true
	}
}

// judge tells the host of what should have ended a parked wait.
func (r *Reactor) judge(now, deadline, stamp int64) {
	r.host.woke(now, min(deadline, r.host.probe))
	if stamp != 0 {
		r.host.woke(now, stamp)
	}
}

// early is the deadline to wait for when the rest is spun.
func early(deadline int64, spin int64) int64 {
	if deadline == poller.NoDeadline {
		return deadline
	}
	return deadline - spin
}

// spinUntil goes the rest of the way to a deadline that is within the spin: it
// polls, and for the last stretch only looks at the clock. It gathers timers, of
// which none is due before the deadline, so that the wheel is in its place by then
// and in the cache: half a microsecond less from the deadline to the callback.
func (r *Reactor) spinUntil(now, deadline int64) int64 {
	for now < deadline && deadline-now <= r.spin && !r.interrupted() {
		if deadline-now > lastStretch {
			r.events, r.failure = r.poller.Poll()
		}
		r.timers.gather(now)
		now = r.poller.Now()
	}
	return now
}

// interrupted reports whether there is a reason not to wait any longer.
func (r *Reactor) interrupted() bool {
	return len(r.events) > 0 || r.failure != nil || r.mail.full.Load() || r.stopping.Load()
}
