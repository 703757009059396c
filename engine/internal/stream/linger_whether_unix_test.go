//go:build unix

package stream

import (
	"syscall"
	"testing"
)

// pausedPair makes a stream whose reading is paused, and its peer.
func (w *world) pausedPair() (*owner, *peer) {
	o, p := w.connect(unixPair)
	w.turn(o.PauseReading)
	return o, p
}

// TestNobodyLingersForNothing: neither for a peer that has ended, though there are sent
// bytes that it has not taken, nor where its end cannot be told.
func TestNobodyLingersForNothing(t *testing.T) {
	for what, prepare := range map[string]func(w *world, o *owner, p *peer){
		"an end that was not read": func(w *world, _ *owner, p *peer) { p.shutdown() },
		"an end that was read": func(w *world, o *owner, p *peer) {
			o.keepOpen = true
			p.shutdown()
			w.turn(o.ResumeReading)
			w.until(func() bool { return o.is("end") })
			w.reads(func(_ int, p []byte) ([]byte, error) { t.Error("read again"); return p, nil })
		},
		"a shutdown that fails": func(w *world, _ *owner, p *peer) {
			p.write([]byte("unread"))
			w.sh.system.shutdown = func(int) error { return syscall.ENOTCONN }
		},
	} {
		onPollers(t, func(t *testing.T, w *world) {
			w.sh.system.unsent = func(int) bool { return true }
			o, p := w.pausedPair()
			prepare(w, o, p)
			w.end(o)
			equal(t, what+": lingering", w.sh.Stats().Lingering, 0)
		})
	}
}

// TestAClosedLoopLetsNobodyLinger also over unread input.
func TestAClosedLoopLetsNobodyLinger(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.pausedPair()
		p.write([]byte("unread"))
		must(t, w.r.Close())
		o.Close()
		equal(t, "lingering", w.sh.Stats().Lingering, 0)
		equal(t, "open", w.sh.Stats().Open, 0)
		equal(t, "descriptor", o.Stream.fd, -1)
	})
}

// TestLingeringGoesOnUntilThePeerEnds, however little comes, also of a stream that was
// never started.
func TestLingeringGoesOnUntilThePeerEnds(t *testing.T) {
	for _, started := range []bool{true, false} {
		onPollers(t, func(t *testing.T, w *world) {
			a, b := unixPair(t)
			o, p := w.own(a, true), newPeer(t, b)
			if started {
				w.turn(func() { must(t, o.Start()) })
			}
			p.write([]byte("unread"))
			w.turn(o.PauseReading, o.Close)
			w.turn()
			for range 5 {
				p.write([]byte("x"))
				w.turns(2)
				equal(t, "lingering", w.sh.Stats().Lingering, 1)
			}
			p.close()
			w.gone()
		})
	}
}

// TestNobodyLingersUnwatched: the end of the peer would not be noticed.
func TestNobodyLingersUnwatched(t *testing.T) {
	w := newRefusing(t, syscall.ENOSPC)
	o, p := w.fresh(unixPair)
	p.write([]byte("unread"))
	w.turn(o.Close)
	w.turn()
	o.says("lost")
	equal(t, "lingering", w.sh.Stats().Lingering, 0)
	equal(t, "descriptor", o.Stream.fd, -1)
}
