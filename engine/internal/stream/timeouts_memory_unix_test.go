//go:build unix

package stream

import (
	"testing"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/poller"
)

// onTimedLimit is onTimed in a pause for lack of memory, which end ends.
func onTimedLimit(t *testing.T, f func(t *testing.T, w timed, end func())) {
	for name, makePoller := range map[string]func() (poller.Poller, error){"best": poller.New, "poll": poller.NewPoll} {
		t.Run(name, func(t *testing.T) {
			p, err := makePoller()
			must(t, err)
			w := newTimed(t, p, func(c *Config) { c.MemoryLimit = buffers.MinBlock; c.CloseTimeout = sec })
			var k kept
			k.keep(w.world, 2)
			f(t, w, func() { k.release(2); w.turns(3) })
			k.release(len(k))
		})
	}
}

// TestTimeoutsInAPause end who is silent, or takes nothing, and leave alone whose
// input is left unread.
func TestTimeoutsInAPause(t *testing.T) {
	both := Timeouts{Idle: 2 * sec, Read: sec}
	for _, c := range []struct {
		name     string
		timeouts Timeouts
		sends    bool // the peer, to us
		takes    bool // the peer, from us
		ends     string
	}{
		{"silent", Timeouts{Read: sec}, false, true, "read"},
		{"silent", Timeouts{Idle: sec}, false, true, "idle"},
		{"sends", Timeouts{Read: sec}, true, true, ""},
		{"sends", Timeouts{Idle: sec}, true, true, ""},
		{"sends", both, true, true, ""},
		{"takes nothing", Timeouts{Idle: sec}, false, false, "idle"},
		{"sends and takes nothing", Timeouts{Idle: sec}, true, false, "idle"},
		{"sends and takes nothing", Timeouts{Read: sec}, true, false, ""},
		{"sends and takes nothing", Timeouts{Write: sec}, true, false, "write"},
		{"sends and takes nothing", both, true, false, "idle"},
	} {
		onTimedLimit(t, func(t *testing.T, w timed, end func()) {
			o, p := w.limited(c.timeouts)
			if c.sends {
				p.write([]byte("x"))
			}
			if !c.takes {
				w.turn(o.fill)
			}
			w.lapse(sec - 1)
			o.lives(c.name)
			w.lapse(sec + 1)
			if c.ends != "" {
				o.endedBy(c.ends, p)
				end()
				return
			}
			w.lapse(time.Hour)
			o.lives(c.name)
			w.turn(func() { o.SetTimeouts(c.timeouts) })
			w.lapse(time.Hour)
			o.lives(c.name)
			w.until(func() bool { p.read(); return o.Buffered() == 0 })
			end()
			equal(t, "received", o.in.n, 1)
			w.lapse(sec - 1)
			o.lives("after the pause")
			w.lapse(sec + 1)
			equal(t, c.name+": over", o.over, true)
		})
	}
}

// TestInputOfTheLastMoment counts in a pause, though no event has told of it.
func TestInputOfTheLastMoment(t *testing.T) {
	for _, what := range []string{"bytes", "end", "nothing"} {
		onTimedLimit(t, func(t *testing.T, w timed, end func()) {
			o, p := w.limited(Timeouts{Read: sec})
			w.clock.now += int64(sec)
			w.turn(func() { // behind the poll, before the timers
				switch what {
				case "bytes":
					p.write([]byte("x"))
				case "end":
					p.shutdown()
				}
			})
			if what == "nothing" {
				w.turn()
				o.endedBy("read", p)
				end()
				return
			}
			w.lapse(sec)
			o.lives(what)
			end()
			if what == "end" {
				w.until(func() bool { return o.over })
				o.says("end lost")
				return
			}
			o.says("data(1)")
			o.done()
		})
	}
}

// TestATimeoutAfterAFalseAlarm: what seemed to be input and was none leaves the
// peer as silent as it was.
func TestATimeoutAfterAFalseAlarm(t *testing.T) {
	onTimedLimit(t, func(t *testing.T, w timed, end func()) {
		o, p := w.limited(Timeouts{Read: sec})
		w.turn(o.stall)
		w.lapse(10 * sec)
		o.lives("in the queue")
		end()
		o.endedBy("read", p)
	})
}

// TestIdleAfterTheOutputIsTaken is left alone again, in the same pause.
func TestIdleAfterTheOutputIsTaken(t *testing.T) {
	onTimedLimit(t, func(t *testing.T, w timed, end func()) {
		o, p := w.limited(Timeouts{Idle: sec})
		p.write([]byte("x"))
		w.turn(o.fill)
		w.lapse(sec - 1)
		p.read()
		w.until(func() bool { p.read(); return o.Buffered() == 0 })
		w.lapse(time.Hour)
		o.lives("with nothing to take")
		w.turn(o.fill)
		w.lapse(sec - 1)
		o.lives("with something to take")
		w.lapse(1)
		o.endedBy("idle", p)
		end()
	})
}

// TestCloseTimeoutInAPause passes as ever.
func TestCloseTimeoutInAPause(t *testing.T) {
	onTimedLimit(t, func(t *testing.T, w timed, end func()) {
		o, p := w.limited(Timeouts{Idle: time.Hour})
		p.write([]byte("x"))
		w.turn(o.fill)
		w.turn(o.Close)
		w.lapse(sec - 1)
		o.lives("closing")
		w.lapse(1)
		o.endedBy("close", p)
		end()
	})
}
