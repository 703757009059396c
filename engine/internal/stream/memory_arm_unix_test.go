//go:build unix

package stream

import (
	"testing"

	"github.com/shardloop/shardloop/buffers"
)

// TestWhenAReleaseMatters: wakeAt from one state to the next, and what becomes of
// releases that come in between.
func TestWhenAReleaseMatters(t *testing.T) {
	onLimited(t, 8, func(t *testing.T, w *world) {
		m := w.sh.memory
		wakeAt := func(what string, blocks int64) {
			t.Helper()
			want := blocks
			if blocks != never {
				want *= buffers.MinBlock
			}
			equal(t, what, m.wakeAt.Load(), want)
		}
		var k kept
		k.keep(w, 3)
		wakeAt("before the first look", never)
		k.release(3)
		w.sh.Account()
		k.keep(w, 10)
		w.sh.Account()
		wakeAt("in a pause", 3+4)
		m.wakeAt.Store(never)
		w.sh.Account()
		wakeAt("not stored twice", never)
		m.wake()
		w.turns(2)
		wakeAt("after who has disarmed it", 3+4)
		k.release(3)
		wakeAt("of less than matters", 3+4)
		k.release(1)
		wakeAt("of what matters", never)
		k.keep(w, 1)
		w.sh.Account()
		wakeAt("taken again meanwhile", 3+4+1)
		k.release(1)
		w.sh.Account()
		wakeAt("at the end of the pause", never)
		k.release(len(k))
		w.turns(2)
		w.paused(false, 1)
	})
}

// TestAReleaseWhileTheLoopLooks is acted on by that look.
func TestAReleaseWhileTheLoopLooks(t *testing.T) {
	onLimited(t, 8, func(t *testing.T, w *world) {
		m := w.sh.memory
		var k kept
		k.keep(w, 10)
		w.sh.Account()
		released, held := m.released.Load(), m.held()
		m.armed = 0
		m.wakeAt.Store(never)
		k.release(4)
		m.arm(released, held)
		equal(t, "the pause ends", m.scheduled, true)
		w.turn()
		w.paused(false, 1)
		k.release(6)
	})
}

// TestTheLoopLooksSeldom: not below the edge, and not to find out that it is paused.
func TestTheLoopLooksSeldom(t *testing.T) {
	onLimited(t, 8, func(t *testing.T, w *world) {
		m := w.sh.memory
		full := func(what string, edge, after int64, want bool) {
			t.Helper()
			m.edge = edge
			equal(t, what, w.sh.Full(), want)
			equal(t, what+": the edge", m.edge, after)
		}
		var k kept
		k.keep(w, 3)
		full("at the edge", m.held(), m.held(), false)
		full("above it", m.held()-1, m.limit, false)
		k.keep(w, 6)
		full("above the limit", m.limit, m.limit, true)
		full("in the pause", 0, 0, true)
		k.release(9)
	})
}

// TestTheLeastLimit is one byte.
func TestTheLeastLimit(t *testing.T) {
	onLimits(t, func(c *Config) { c.MemoryLimit = 1 }, func(t *testing.T, w *world) {
		var k kept
		equal(t, "full of nothing", w.sh.Full(), false)
		k.keep(w, 1)
		equal(t, "full", w.sh.Full(), true)
		k.release(1)
	})
}
