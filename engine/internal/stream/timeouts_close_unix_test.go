//go:build unix

package stream

import (
	"math"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// TestCloseTimeout counts from Close, whatever the kernel takes meanwhile.
func TestCloseTimeout(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		w.sh.config.CloseTimeout = sec
		o, p := w.connect(smallPair)
		w.turn(o.fill, func() { o.write(pattern(big)) })
		w.lapse(100 * sec)
		w.turn(o.Close, o.Close)
		for range 9 {
			w.lapse(sec / 10)
			left := o.Stream.out.Len()
			for o.Stream.out.Len() == left {
				p.readOnce(scratch[:4096])
				w.turn()
			}
			w.turn(o.Close)
		}
		w.lapse(sec/10 - 1)
		o.lives("a nanosecond before")
		w.lapse(1)
		o.endedBy("close", p)
	})
}

// TestClosedInTime: who has sent all before is not late.
func TestClosedInTime(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		w.sh.config.CloseTimeout, w.sh.config.Linger = sec, 0
		o, _ := w.connect(smallPair)
		w.turn(func() { o.write([]byte("x")); o.Close() })
		equal(t, "timers of who has nothing to send", w.timers(), 0)
		equal(t, "limits of who has nothing to send", o.limits, nil)
		w.turn()
		equal(t, "error", o.err, nil)

		for _, late := range []bool{false, true} {
			o, p := w.connect(smallPair)
			w.turn(o.fill, o.Close)
			equal(t, "timers", w.timers(), 1)
			if late {
				w.clock.now += int64(sec)
				w.turn(p.read) // there is room in the turn in which time is up
			}
			for !o.over {
				p.read()
				w.turn()
			}
			equal(t, "error", o.err, nil)
			equal(t, "timers", w.timers(), 0)
			p.read()
			equal(t, "sent", p.in, o.out)
		}
	})
}

// TestEveryCloseIsLimited: an end that is not kept open, a Close before Start, and
// one with posts on their way.
func TestEveryCloseIsLimited(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		w.sh.config.CloseTimeout = sec
		for _, end := range []func(*owner, *peer){
			func(_ *owner, p *peer) { p.shutdown() },
			func(o *owner, _ *peer) { o.Close() },
			func(o *owner, _ *peer) { o.out.add(make([]byte, 100)); must(t, o.Post(make([]byte, 100))); o.Close() },
		} {
			o, p := w.connect(smallPair)
			o.SetMarks(0, big)
			w.turn(o.fill, func() { end(o, p) })
			w.turn()
			w.lapse(sec - 1)
			o.lives("a nanosecond before")
			w.lapse(1)
			o.endedBy("close", p)
		}
		a, b := smallPair(t)
		o, p := w.own(a, true), newPeer(t, b)
		w.turn(o.fill, o.Close)
		w.lapse(sec / 2)
		w.turn(func() { must(t, o.Start()) })
		w.lapse(sec / 2)
		o.endedBy("close", p)
	})
}

// TestPostsAreUnsentToo are those that have not arrived when time is up.
func TestPostsAreUnsentToo(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Idle: sec})
		o.SetMarks(0, big)
		w.turn(o.fill)
		posts := reactor.Timer{}
		posts.Init(func(any) { o.out.add(make([]byte, 100)); must(t, o.Post(make([]byte, 100))) }, nil)
		must(t, w.r.Schedule(&posts, w.clock.now+int64(sec)-1)) // runs before, and arrives after
		w.lapse(sec)
		o.endedBy("idle", p)
	})
}

// TestTimeoutsOfWhoCloses: Read is over, Idle and Write go on.
func TestTimeoutsOfWhoCloses(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for limit, timeouts := range map[string]Timeouts{
			"write": {Idle: 3 * sec, Read: sec, Write: 2 * sec},
			"idle":  {Idle: 2 * sec, Read: sec, Write: 3 * sec},
			"close": {Idle: 4 * sec, Read: sec, Write: 3 * sec},
		} {
			w.sh.config.CloseTimeout = 2 * sec
			if limit != "close" {
				w.sh.config.CloseTimeout = math.MaxInt64
			}
			o, p := w.limited(timeouts)
			w.turn(o.fill, o.Close)
			w.lapse(2*sec - 1)
			o.lives("closing")
			w.lapse(1)
			o.endedBy(limit, p)
		}
	})
}

// TestHalfClosed: the peer's end is the end of Read; one's own changes nothing.
func TestHalfClosed(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Idle: 5 * sec, Read: sec})
		o.keepOpen = true
		p.shutdown()
		w.turns(2)
		w.lapse(5*sec - 1)
		o.lives("the peer has ended")
		w.turn(func() { o.SetTimeouts(Timeouts{Read: sec}) })
		w.lapse(100 * sec)
		o.lives("the peer has ended, and Idle is none")
		o.done()

		o, p = w.limited(Timeouts{Read: sec})
		w.turn(o.WriteEOF)
		w.lapse(sec - 1)
		o.lives("its own end")
		w.lapse(1)
		o.endedBy("read", p)

		o, p = w.limited(Timeouts{Write: sec})
		w.turn(o.fill, o.WriteEOF)
		w.lapse(sec)
		o.endedBy("write", p)
		equal(t, "the end was sent", p.ended, true) // by the close
	})
}

// TestNoTimeoutsAfterTheEnd: neither of who is lost nor of who lingers.
func TestNoTimeoutsAfterTheEnd(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		all := Timeouts{Idle: sec, Read: sec, Write: sec}
		o, p := w.limited(all)
		o.onLost = func() {
			o.SetTimeouts(Timeouts{Idle: 1})
			o.PauseReading()
			o.ResumeReading()
			equal(t, "timeouts", o.Timeouts(), all)
		}
		p.write([]byte("unread"))
		w.turn(o.PauseReading, o.Close, func() { w.clock.now += int64(10 * sec) })
		equal(t, "state", o.state, lost)
		w.turn()
		o.says("lost")
		equal(t, "lingering", w.sh.Stats().Lingering, 1)
		w.turn(func() { o.SetTimeouts(all) })
		w.lapse(time.Hour - 1)
		equal(t, "lingering", w.sh.Stats().Lingering, 1)
		w.lapse(1)
		equal(t, "lingering", w.sh.Stats().Lingering, 0)
		w.turn(func() { o.SetTimeouts(all) })
		equal(t, "timeouts", o.Timeouts(), Timeouts{})
		equal(t, "timers", w.timers(), 0)

		o, _ = w.limited(all)
		w.clock.now += int64(sec)
		w.turn(o.Abort, o.PauseReading, o.ResumeReading) // in the turn in which the timer is due
		w.turn()
		o.says("lost")
		equal(t, "timers", w.timers(), 0)
	})
}

// TestNobodyLingersAfterThePeer has no timer left then.
func TestNobodyLingersAfterThePeer(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Idle: sec})
		p.write([]byte("unread"))
		w.turn(o.PauseReading, o.Close)
		w.turns(2)
		equal(t, "timers of who lingers", w.timers(), 1)
		p.close()
		w.gone()
		equal(t, "timers", w.timers(), 0)
		w.lapse(2 * time.Hour)
	})
}

// TestTimeoutsOfAClosedLoop are over without a word.
func TestTimeoutsOfAClosedLoop(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		w.sh.config.CloseTimeout = sec
		o, _ := w.limited(Timeouts{Idle: sec, Read: sec, Write: sec})
		w.turn(o.fill)
		must(t, w.r.Close())
		o.SetTimeouts(Timeouts{Idle: 1})
		o.PauseReading()
		o.ResumeReading()
		o.Close()
		o.Abort()
		o.says("")
		equal(t, "descriptor", o.Fd(), -1)
	})
}
