package stream

import (
	"math"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Timeouts are how long a stream may go without something before it is ended; 0
// is for ever. Idle: nothing is received and the kernel takes nothing. Read:
// nothing is received, while reading is neither paused nor over. Write: the
// kernel has refused bytes and takes none.
type Timeouts struct{ Idle, Read, Write time.Duration }

// limits is what a stream has once time limits it; the others pay for a pointer.
//
// What happens on the stream only notes when. The one timer is armed for the
// earliest deadline, or for a time before it, and never moved when a deadline
// moves away or is watched no longer: when it runs it looks, and is armed for the
// rest. So a busy stream has one operation on the wheel per timeout, however much
// it sends and receives.
type limits struct {
	Timeouts
	timer   reactor.Timer
	moved   int64 // Idle counts from here,
	read    int64 // Read from here,
	taken   int64 // and Write from here
	closeBy int64 // when all must be sent; 0 is any time
	place   int32 // among those who linger
	waiting bool  // the kernel has refused bytes that it has not taken since
}

// never is a deadline that does not come.
const never = math.MaxInt64

// after is a time so long after now.
func after(now int64, d time.Duration) int64 {
	if int64(d) > never-now {
		return never
	}
	return now + int64(d)
}

// limited is the stream's limits, made if there are none.
func (s *Stream) limited() *limits {
	if s.limits == nil {
		s.limits = &limits{waiting: s.is(blocked)}
		s.limits.timer.Init(expire, s)
	}
	return s.limits
}

// SetTimeouts changes the timeouts, which count from now, or from Start. A stream
// that is lost has none. Loop only.
func (s *Stream) SetTimeouts(t Timeouts) {
	if s.state >= lost || s.limits == nil && t == (Timeouts{}) {
		return
	}
	s.limited().Timeouts = t
	s.beginLimits()
}

// Timeouts are the timeouts; none once the descriptor is closed. Loop only.
func (s *Stream) Timeouts() Timeouts {
	if s.limits == nil {
		return Timeouts{}
	}
	return s.limits.Timeouts
}

// beginLimits counts from now.
func (s *Stream) beginLimits() {
	now := s.shard.reactor.Now()
	s.limits.moved, s.limits.read, s.limits.taken = now, now, now
	s.watch()
}

// heard notes that something was received. The turn's time may be older than what
// was noted by a call that had to be exact.
func (l *limits) heard(now int64) {
	l.moved, l.read = max(l.moved, now), max(l.read, now)
}

// sent notes that the kernel took something. If it refuses the rest, that counts
// Write anew.
func (l *limits) sent(now int64) {
	l.moved, l.waiting = max(l.moved, now), false
}

// listen counts Read from now, when reading was paused.
func (s *Stream) listen() {
	if s.limits.Read > 0 {
		s.limits.read = s.shard.reactor.Now()
		s.watch()
	}
}

// waits counts Write from now, unless it counts already.
func (s *Stream) waits() {
	if l := s.limits; !l.waiting {
		l.waiting, l.taken = true, max(l.taken, s.shard.reactor.TurnTime())
		s.watch()
	}
}

// limitClose gives a stream that was closed its time to send what is left.
func (s *Stream) limitClose() {
	if d := s.shard.config.CloseTimeout; d > 0 && s.state == closing {
		s.limited().closeBy = after(s.shard.reactor.Now(), d)
		s.watch()
	}
}

// deadline is the earliest one that is watched, and what it is about; of equal
// ones the one that tells most.
func (s *Stream) deadline() (when int64, about string) {
	l := s.limits
	when = never
	consider := func(at int64, what string) {
		if at < when {
			when, about = at, what
		}
	}
	if l.closeBy > 0 {
		consider(l.closeBy, "close")
	}
	if l.Write > 0 && l.waiting {
		consider(after(l.taken, l.Write), "write")
	}
	if l.Read > 0 && s.state <= open && !s.is(paused|ended) && !s.Starved() {
		consider(after(l.read, l.Read), "read")
	}
	if l.Idle > 0 && (s.is(blocked) || !s.Starved()) {
		consider(after(l.moved, l.Idle), "idle")
	}
	return when, about
}

// watch sees to it that the timer runs at the deadline or before. Nothing is
// watched of a stream that is lost, or by a loop that is closed.
func (s *Stream) watch() {
	if s.state >= lost {
		return
	}
	t := &s.limits.timer
	if when, _ := s.deadline(); when != never && (!t.Pending() || when < t.When()) {
		_ = s.shard.reactor.Schedule(t, when)
	}
}

// overdue is what the deadline that has passed is about, "" if none has.
func (s *Stream) overdue() string {
	when, about := s.deadline()
	if when > s.shard.reactor.TurnTime() {
		return ""
	}
	return about
}

// expire is where the timer ends.
func expire(arg any) {
	s := arg.(*Stream)
	if s.state == lingering {
		s.unlinger()
		return
	}
	if s.overdue() != "" {
		s.lastLook()
	}
	if s.state >= lost {
		return
	}
	about := s.overdue()
	if about == "" {
		s.watch()
		return
	}
	s.shard.stats.TimedOut.add(about)
	s.lose(s.opError(about, s.shard.config.Expired(about, s.unsent())))
}

// lastLook takes what the kernel has for the stream and the poll has not told: a
// poll after a long turn may bring the events of some streams only, and the
// timers of all. A pipe that nobody has opened for writing yet must not be read:
// that would be an end.
func (s *Stream) lastLook() {
	if s.kind.has(socket) && !s.shard.Full() || sock.HasInput(int(s.fd)) {
		s.readable()
	}
	s.flushHeld()
	s.writable()
}
