//go:build unix

package stream

import "testing"

// givesUp has o give up what it has not sent.
func (o *owner) givesUp(want int) {
	o.w.t.Helper()
	equal(o.w.t, "lost", o.IsLost(), false)
	unsent, ok := o.GiveUp()
	equal(o.w.t, "unsent", unsent, want)
	equal(o.w.t, "was there", ok, true)
	unsent, ok = o.GiveUp()
	equal(o.w.t, "unsent again", unsent, 0)
	equal(o.w.t, "was there again", ok, false)
	equal(o.w.t, "lost", o.IsLost(), true)
}

// TestGiveUpSendsWhatIsHeld, and so drops nothing; it does not linger.
func TestGiveUpSendsWhatIsHeld(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.pausedPair()
		p.write([]byte("unread"))
		w.turn(func() { o.write([]byte("held")); o.givesUp(0) })
		w.turn()
		o.says("lost")
		equal(t, "lingering", w.sh.Stats().Lingering, 0)
	})
}

// TestGiveUpDropsWhatIsRefused, and what is on its way; a close before does not matter.
func TestGiveUpDropsWhatIsRefused(t *testing.T) {
	for _, before := range []func(*owner){func(*owner) {}, (*owner).Close} {
		onPollers(t, func(t *testing.T, w *world) {
			o, p := w.connect(smallPair)
			w.turn(o.fill)
			p.read()
			base := p.in.n
			must(t, o.Post(pattern(100)))
			before(o)
			o.givesUp(o.Buffered() + 100)
			w.turns(2)
			o.says("lost")
			p.read()
			equal(t, "sent since", p.in.n, base)
		})
	}
}

// TestDropEndsInSilence: what is held has its try, and nothing else is done to the
// connection. A stream whose loss was still to be told is over, too.
func TestDropEndsInSilence(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.pausedPair()
		lost, _ := w.connect(unixPair)
		p.write([]byte("unread"))
		w.sh.system.shutdown = func(int) error { t.Error("the write side was ended"); return nil }
		w.turn(lost.Abort, func() {
			o.write([]byte("held"))
			o.Drop()
			p.read()
			equal(t, "sent", p.in, o.out)
		})
		must(t, w.r.Close())
		lost.Drop()
		for _, o := range []*owner{o, lost} {
			equal(t, "descriptor", o.Stream.fd, -1)
			o.says("")
		}
		equal(t, "open", w.sh.Stats().Open, 0)
	})
}
