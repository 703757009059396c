//go:build unix

package stream

import (
	"math"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// TestTimeoutsChange counts from the change, towards sooner, later and never.
func TestTimeoutsChange(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for _, c := range []struct {
			from, to Timeouts
			want     string
			in       time.Duration
		}{
			{Timeouts{Idle: sec}, Timeouts{Idle: sec}, "idle", sec},
			{Timeouts{Idle: sec}, Timeouts{Idle: 10 * sec}, "idle", 10 * sec},
			{Timeouts{Idle: 10 * sec}, Timeouts{Idle: sec}, "idle", sec},
			{Timeouts{Idle: sec}, Timeouts{Read: sec}, "read", sec},
			{Timeouts{Idle: sec}, Timeouts{Write: sec}, "write", sec},
			{Timeouts{}, Timeouts{Idle: 1}, "idle", 1},
		} {
			o, p := w.limited(c.from)
			w.turn(o.fill)
			w.lapse(sec - 1) // it is about to expire
			w.turn(func() { o.SetTimeouts(c.to) })
			w.lapse(c.in - 1)
			o.lives("changed")
			w.lapse(1)
			o.endedBy(c.want, p)
		}
		o, _ := w.limited(Timeouts{Idle: sec, Read: sec, Write: sec})
		w.turn(o.fill)
		w.clock.now += int64(sec)
		w.turn(func() { o.SetTimeouts(Timeouts{}) }) // in the turn in which it would
		w.lapse(100 * sec)
		o.lives("it has none")
		equal(t, "timers", w.timers(), 0)
		w.turn(func() { o.SetTimeouts(Timeouts{Idle: math.MaxInt64, Read: math.MaxInt64, Write: math.MaxInt64}) })
		equal(t, "timers of what never comes", w.timers(), 0)
		o.done()
	})
}

// TestTimeoutsChangeInACallback, each of them, first to more than the rest of the
// test, and then to what ends it.
func TestTimeoutsChangeInACallback(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for _, to := range []Timeouts{{Idle: 9 * sec, Read: 9 * sec, Write: 9 * sec}, {Idle: 1}} {
			o, p := w.connect(smallPair)
			o.keepOpen, o.buf = true, make([]byte, 10)
			change := func() { o.SetTimeouts(Timeouts{Idle: sec}); o.SetTimeouts(to) }
			o.onData, o.onBuffer, o.onEnd, o.onPause, o.onResume = change, change, change, change, change
			step := func(what string, do func()) {
				o.journal = nil
				w.turn(func() { o.SetTimeouts(Timeouts{Idle: sec}) })
				w.turn(do)
				w.turns(2)
				o.says(what)
				equal(t, what, o.Timeouts(), to)
			}
			step("data(1)", func() { p.write([]byte("x")) })
			o.SetBuffered(true)
			step("buffer updated(1)", func() { p.write([]byte("x")) })
			step("pause", func() { o.SetMarks(0, 0); o.fill(); o.SetMarks(0, 0) })
			for o.Stream.out.Len() > 0 {
				step := len(o.journal)
				p.read()
				w.turn()
				equal(t, "calls", len(o.journal)-step, map[bool]int{true: 1}[o.Stream.out.Len() == 0])
			}
			step("buffer end", p.shutdown)
			if to.Idle == 1 {
				w.lapse(1)
				o.endedBy("idle", p)
				continue
			}
			o.done()
		}
	})
}

// TestTimeoutsOfNewStreams count from Start.
func TestTimeoutsOfNewStreams(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		a, b := smallPair(t)
		o, p := w.own(a, true), newPeer(t, b)
		w.turn(func() { o.SetTimeouts(Timeouts{Idle: sec, Read: sec, Write: sec}); o.fill() })
		w.clock.now += int64(sec)
		w.turn(func() { must(t, o.Start()) })
		w.lapse(sec - 1)
		o.lives("a nanosecond before")
		w.lapse(1)
		o.endedBy("write", p)
	})
}

// TestTimeoutsOfBufferedOwners are those of the others.
func TestTimeoutsOfBufferedOwners(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		o, p := w.limited(Timeouts{Read: sec})
		o.buf = make([]byte, 2)
		o.SetBuffered(true)
		w.lapse(sec - 1)
		p.write([]byte("xyz"))
		w.turn()
		w.clock.now += int64(sec) - 1
		w.turns(3)
		w.lapse(sec - 1)
		o.lives("it had two reads")
		o.says("buffer updated(2) buffer updated(1)")
		w.lapse(1)
		o.endedBy("read", p)

		o, _ = w.limited(Timeouts{Read: sec}) // with no memory for what has come
		o.SetBuffered(true)
		w.clock.now += int64(sec)
		w.turn()
		w.turn()
		o.says("buffer lost:" + errNoBuffer.Error())
		w.faults = nil
	})
}

// TestTimeoutsOfPipes: Idle at the end that reads, Write at the one that writes.
func TestTimeoutsOfPipes(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		r, wr := pipe(t)
		in, out := w.own(r, false), w.own(wr, false)
		w.turn(func() { must(t, in.Start()); must(t, out.Start()) }, in.PauseReading)
		w.turn(func() { in.SetTimeouts(Timeouts{Idle: 2 * sec}); out.SetTimeouts(Timeouts{Write: sec}) })
		w.turn(out.fill)
		w.lapse(sec)
		equal(t, "writer is over", out.over, true)
		equal(t, "reader is over", in.over, false)
		w.lapse(sec)
		equal(t, "reader is over", in.over, true)
		in.says("lost:" + in.err.Error())
	})
}

// TestAStaleTurnMovesNothingBack: what counts from a call in a long turn is not
// counted from the turn's beginning by what the turn sends.
func TestAStaleTurnMovesNothingBack(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		for _, timeouts := range []Timeouts{{Idle: sec}, {Read: sec}, {Write: sec}} {
			o, p := w.limited(Timeouts{})
			equal(t, "limits of who has none", o.limits, nil)
			o.onData = func() {
				w.r.TurnTime()
				w.clock.now += int64(10 * sec)
				o.SetTimeouts(timeouts)
				w.turnedOver(o)
			}
			p.write([]byte("x"))
			w.turn()
			w.turn()
			w.lapse(sec - 1)
			o.lives("a nanosecond before")
			w.lapse(1)
			equal(t, "over", o.over, true)
		}
	})
}

// turnedOver does in a callback what moves timeouts.
func (w timed) turnedOver(o *owner) {
	o.limits.heard(w.r.TurnTime())
	o.fill()
}

// TestResumeAndCloseCountFromTheCall, in a turn however long.
func TestResumeAndCloseCountFromTheCall(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		w.sh.config.CloseTimeout = sec
		o, p := w.limited(Timeouts{Read: sec})
		w.turn(o.PauseReading)
		w.turn(func() { w.clock.now += int64(10 * sec); o.ResumeReading() })
		w.lapse(sec - 1)
		o.lives("a nanosecond before")
		w.turn(func() { o.SetTimeouts(Timeouts{}); o.fill(); w.clock.now += int64(10 * sec); o.Close() })
		w.lapse(sec - 1)
		o.lives("a nanosecond before")
		w.lapse(1)
		o.endedBy("close", p)
	})
}

// TestManyTimeouts has one operation on the wheel a stream and timeout, however
// much happens.
func TestManyTimeouts(t *testing.T) {
	const want, rounds, periods = 10_000, 4, 3
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	n := int(min(uint64(limit.Cur), 2*want+1000)-1000) / 2
	p, err := poller.New()
	must(t, err)
	w := newTimed(t, p)
	owners, peers := make([]*owner, n), make([]*peer, n)
	for i := range n {
		a, b := unixPair(t)
		owners[i], peers[i] = w.own(a, true), newPeer(t, b)
		owners[i].SetTimeouts(Timeouts{Idle: rounds, Write: rounds})
		must(t, owners[i].Start())
	}
	for round := range periods * rounds {
		w.clock.now++
		for i, o := range owners {
			if round%2 == 0 {
				peers[i].write([]byte("x"))
			} else {
				o.write([]byte("x"))
			}
		}
		w.turn()
	}
	equal(t, "timers", w.timers(), n)
	fired := w.r.Stats().TimersFired
	t.Logf("%d connections, %d events of each: %d timers have run", n, periods*rounds, fired)
	if fired > uint64(periods*n) {
		t.Errorf("%d timers have run, want %d at most", fired, periods*n)
	}
	w.lapse(rounds)
	for i, o := range owners {
		equal(t, "over", o.over, true)
		equal(t, "received", o.in, peers[i].out)
	}
	equal(t, "timers", w.timers(), 0)
}
