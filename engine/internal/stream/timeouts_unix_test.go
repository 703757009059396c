//go:build unix

package stream

import (
	"math"
	"syscall"
	"testing"
	"time"
)

const sec = time.Second

func TestTimeoutsAlone(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for limit, timeouts := range map[string]Timeouts{"idle": {Idle: sec}, "read": {Read: sec}, "write": {Write: sec}} {
			o, p := w.limited(timeouts)
			if limit == "write" {
				w.turn(o.fill)
			}
			equal(t, "timeouts", o.Timeouts(), timeouts)
			w.lapse(sec - 1)
			o.lives("a nanosecond before " + limit)
			w.lapse(1)
			o.endedBy(limit, p)
			equal(t, "timeouts of who is gone", o.Timeouts(), Timeouts{})
		}
	})
}

// TestTheEarliestTimeout ends the stream, also when the loop is late for all.
func TestTheEarliestTimeout(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for _, c := range []struct {
			timeouts Timeouts
			want     string
		}{
			{Timeouts{Idle: 1 * sec, Read: 2 * sec, Write: 3 * sec}, "idle"},
			{Timeouts{Idle: 3 * sec, Read: 1 * sec, Write: 2 * sec}, "read"},
			{Timeouts{Idle: 2 * sec, Read: 3 * sec, Write: 1 * sec}, "write"},
			{Timeouts{Idle: sec, Read: sec, Write: sec}, "write"},
			{Timeouts{Idle: sec, Read: sec}, "read"},
			{Timeouts{Idle: math.MaxInt64, Read: math.MaxInt64, Write: sec}, "write"},
		} {
			for _, late := range []time.Duration{0, 10 * sec} {
				o, p := w.limited(c.timeouts)
				w.turn(o.fill)
				w.lapse(sec - 1)
				o.lives("before the first")
				w.lapse(1 + late)
				o.endedBy(c.want, p)
			}
		}
	})
}

// TestWhatMovesATimeout: input Read and Idle, output Write and Idle.
func TestWhatMovesATimeout(t *testing.T) {
	hears := func(o *owner, p *peer) { p.write([]byte("x")) }
	sends := func(o *owner, p *peer) { p.read(); o.write([]byte("x")) }
	for _, c := range []struct {
		limit    string
		timeouts Timeouts
		do       func(*owner, *peer)
		moves    bool
	}{
		{"idle", Timeouts{Idle: sec}, hears, true},
		{"idle", Timeouts{Idle: sec}, sends, true},
		{"read", Timeouts{Read: sec}, hears, true},
		{"read", Timeouts{Read: sec}, sends, false},
		{"write", Timeouts{Write: sec}, hears, false},
	} {
		onTimed(t, func(t *testing.T, w timed) {
			o, p := w.limited(c.timeouts)
			if c.limit == "write" {
				w.turn(o.fill)
			}
			for range 9 {
				w.lapse(sec / 10)
				w.turn(func() { c.do(o, p) })
				w.turn()
			}
			w.lapse(sec / 10)
			if c.moves {
				o.lives("moved")
				w.lapse(sec*9/10 - 1)
				o.lives("a nanosecond before")
				w.lapse(1)
			}
			o.endedBy(c.limit, p)
		})
	}
}

// TestWriteCountsFromTheRefusal, and anew from what the kernel takes; who waits
// for nothing is not watched.
func TestWriteCountsFromTheRefusal(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Write: sec})
		w.lapse(10 * sec)
		equal(t, "timers while nothing waits", w.timers(), 0)
		w.turn(o.fill)
		w.lapse(sec / 2)
		w.turn(func() { o.write(pattern(1 << 16)) }) // behind what waits
		for left := o.Stream.out.Len(); o.Stream.out.Len() == left; w.turn() {
			p.readOnce(scratch[:4096])
		}
		w.lapse(sec - 1)
		o.lives("some was taken")
		for o.Stream.out.Len() > 0 {
			p.read()
			w.turn()
		}
		w.lapse(10 * sec)
		o.lives("all was taken")
		w.turn(o.fill)
		w.lapse(sec - 1)
		o.lives("refused anew")
		w.lapse(1)
		o.endedBy("write", p)
	})
}

// TestWritableForNothing: an event after which the kernel takes nothing moves
// nothing.
func TestWritableForNothing(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Write: sec, Idle: sec})
		w.turn(o.fill)
		for range 4 {
			w.clock.now += int64(sec / 4)
			w.turn(o.writable)
		}
		w.turn()
		o.endedBy("write", p)
	})
}

// TestDataWins over a timeout that passes in the same turn, whether the poll has
// told of it or only the kernel has it.
func TestDataWins(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for _, timeouts := range []Timeouts{{Idle: sec}, {Read: sec}} {
			for _, late := range []bool{false, true} {
				o, p := w.limited(timeouts)
				w.clock.now += int64(sec)
				if late {
					w.turn(func() { p.write([]byte("x")) }) // behind the poll
				} else {
					p.write([]byte("x"))
					w.turn()
				}
				w.turns(3)
				o.lives("data came")
				o.says("data(1)")
				w.lapse(sec - 1)
				o.lives("data came a second ago")
				w.lapse(1)
				o.endedBy(map[bool]string{true: "idle", false: "read"}[timeouts.Idle > 0], p)
			}
		}
	})
}

// TestATimerThatIsEarlyReadsNothing: it only is armed for the rest.
func TestATimerThatIsEarlyReadsNothing(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Read: sec})
		w.lapse(sec / 2)
		p.write([]byte("x"))
		w.turn()
		reads, fired := w.sh.Stats().Reads, w.r.Stats().TimersFired
		w.lapse(sec / 2)
		equal(t, "timers that have run", w.r.Stats().TimersFired, fired+1)
		equal(t, "reads", w.sh.Stats().Reads, reads)
		o.done()
	})
}

// TestRoomWins over a timeout of who waits for it, and what is held over Idle.
func TestRoomWins(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for _, timeouts := range []Timeouts{{Idle: sec}, {Write: sec}} {
			o, p := w.limited(timeouts)
			w.turn(o.fill)
			w.clock.now += int64(sec)
			w.turn(p.read) // behind the poll
			o.lives("there is room")
			o.done()
		}
		o, _ := w.limited(Timeouts{Idle: sec})
		w.clock.now += int64(sec)
		w.turn(func() { o.write([]byte("x")) })
		o.lives("it has sent something")
		o.done()
	})
}

// TestTheEndIsFoundByALastLook, which is not the timeout then.
func TestTheEndIsFoundByALastLook(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for _, keepOpen := range []bool{false, true} {
			o, p := w.limited(Timeouts{Idle: sec, Read: sec})
			o.keepOpen = keepOpen
			w.clock.now += int64(sec)
			w.turn(p.shutdown)
			w.turns(2)
			if !keepOpen {
				o.says("end lost")
				continue
			}
			o.says("end")
			w.lapse(sec - 1)
			o.lives("the end was received")
			w.lapse(1)
			o.endedBy("idle", p)
		}
	})
}

// TestAnErrorFoundByALastLook is what ends the stream, and no timeout is counted.
func TestAnErrorFoundByALastLook(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, _ := w.limited(Timeouts{Idle: sec})
		w.reads(func(int, []byte) ([]byte, error) { return nil, syscall.ECONNRESET })
		w.lapse(sec)
		wantFailed(t, o, "read", syscall.ECONNRESET)
		equal(t, "counted", w.sh.Stats().TimedOut, TimedOut{})
		equal(t, "timers", w.timers(), 0)
	})
}

// TestAPanicOfALastLook is the end by the panic.
func TestAPanicOfALastLook(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Read: sec})
		o.onData = func() { panic("oh") }
		w.clock.now += int64(sec)
		w.turn(func() { p.write([]byte("x")) })
		w.turn()
		o.says("data(1) lost:oh")
		equal(t, "faults", len(w.faults), 1)
		equal(t, "timers", w.timers(), 0)
	})
}

func TestPausedReading(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Read: sec})
		w.lapse(sec / 2)
		w.turn(o.PauseReading)
		p.write([]byte("x"))
		w.lapse(100 * sec)
		o.lives("paused")
		equal(t, "timers while paused", w.timers(), 0)
		w.turn(o.ResumeReading)
		w.turns(2)
		o.says("data(1)")
		w.turn(o.PauseReading)
		w.lapse(sec - 1)
		w.turn(o.ResumeReading)
		w.turn(o.ResumeReading)
		w.lapse(sec - 1)
		o.lives("resumed")
		w.lapse(1)
		o.endedBy("read", p)

		o, p = w.limited(Timeouts{Idle: sec})
		w.turn(o.PauseReading)
		p.write([]byte("x"))
		w.lapse(sec - 1)
		o.lives("almost idle")
		w.turn(func() {
			w.clock.asked = 0
			o.ResumeReading()
			equal(t, "asked for the time, without a Read", w.clock.asked, 0)
			o.PauseReading()
		})
		w.lapse(1)
		o.endedBy("idle", p)
		o.says("lost:" + o.err.Error()) // what is unread stays so
	})
}
