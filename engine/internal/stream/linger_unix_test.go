//go:build unix

package stream

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const big = 2 << 20

// bigPair is a TCP pair whose kernel takes all of big, for a peer that takes
// little.
func bigPair(t testing.TB) (int, int) {
	a, b := tcpPair(t)
	must(t, unix.SetsockoptInt(a, unix.SOL_SOCKET, unix.SO_SNDBUF, 2*big))
	must(t, unix.SetsockoptInt(b, unix.SOL_SOCKET, unix.SO_RCVBUF, 16<<10))
	return a, b
}

// drain lets the peer read to the end.
func (w *world) drain(p *peer) {
	for !p.ended && p.err == nil {
		p.read()
		w.turn()
	}
}

// gone waits until nobody lingers.
func (w *world) gone() {
	w.t.Helper()
	w.until(func() bool { return w.sh.Stats().Lingering == 0 })
	equal(w.t, "open", w.sh.Stats().Open, 0)
	for _, s := range w.sh.lingering[:cap(w.sh.lingering)] {
		equal(w.t, "kept of who lingered", s, nil)
	}
}

// TestUnreadInputDestroysNothing closes over input that nobody reads, in every
// state that a stream may be in.
func TestUnreadInputDestroysNothing(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, started := range []bool{true, false} {
			a, b := bigPair(t)
			o, p := w.own(a, true), newPeer(t, b)
			if started {
				w.turn(func() { must(t, o.Start()) })
			}
			p.write(pattern(100))
			w.turn(func() { o.PauseReading(); o.write(pattern(big)); o.Close() })
			w.turn(func() { must(t, o.Start()) })
			for !o.over {
				p.readOnce(scratch)
				w.turn()
			}
			equal(t, "lingering", w.sh.Stats().Lingering, 1)
			equal(t, "descriptor", o.Fd(), -1)
			p.write(pattern(100))
			w.turn()
			p.write(pattern(100))
			w.drain(p)
			equal(t, "sent", p.in, o.out)
			equal(t, "error", p.err, nil)
			p.close()
			w.gone()
		}
	})
}

// TestInputAfterTheCloseDestroysNothing has input come when all was read, and what
// was sent is still in the kernel.
func TestInputAfterTheCloseDestroysNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("sysUnsent does not know")
	}
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(bigPair)
		w.turn(func() { o.write(pattern(big)); o.Close() })
		for !o.over {
			p.readOnce(scratch)
			w.turn()
		}
		equal(t, "lingering", w.sh.Stats().Lingering, 1)
		p.write(pattern(100))
		w.drain(p)
		equal(t, "sent", p.in, o.out)
		equal(t, "error", p.err, nil)
		p.shutdown()
		w.gone()
	})
}

func TestWhoDoesNotLinger(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair) // nothing unread
		w.turn(func() { o.write([]byte("x")); o.Close() })
		w.turn()
		equal(t, "lingering", w.sh.Stats().Lingering, 0)
		p.read()
		equal(t, "end", p.ended, true)

		for _, end := range []func(*owner){
			(*owner).Abort,
			func(o *owner) { o.Close(); o.Abort() },
			func(o *owner) { o.shard.config.Linger = 0; o.Close() },
		} {
			o, p := w.connect(unixPair)
			w.turn(o.PauseReading)
			p.write([]byte("unread"))
			w.turn(func() { end(o) })
			w.turn()
			equal(t, "lingering", w.sh.Stats().Lingering, 0)
		}
	})
}

func TestLingeringEndsInTime(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		w.sh.config.Linger = time.Microsecond
		for range 3 {
			o, p := w.connect(unixPair)
			w.turn(o.PauseReading)
			p.write([]byte("unread"))
			w.turn(o.Close)
		}
		w.turn()
		w.gone()
	})
}

// TestThePeerEndsInTheTurnInWhichTimeIsUp has both in one turn.
func TestThePeerEndsInTheTurnInWhichTimeIsUp(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		w.sh.config.Linger = 1
		o, p := w.connect(unixPair)
		w.turn(o.PauseReading)
		p.write([]byte("unread"))
		p.shutdown()
		w.turn(o.Close)
		w.turn()
		equal(t, "lingering", w.sh.Stats().Lingering, 1)
		w.turns(3)
		equal(t, "lingering", w.sh.Stats().Lingering, 0)
	})
}

// TestAPipeKeepsWhatIsUnread, for others who read from it.
func TestAPipeKeepsWhatIsUnread(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		r, wr := pipe(t)
		other, err := unix.Dup(r)
		must(t, err)
		in, out := newPeer(t, other), newPeer(t, wr)
		o := w.own(r, false)
		w.turn(o.PauseReading, func() { must(t, o.Start()) })
		out.write([]byte("for others"))
		w.end(o)
		in.read()
		equal(t, "left", in.in, out.out)
	})
}

// TestALoopThatEndsClosesWhatLingers relies on the leak check as well.
func TestALoopThatEndsClosesWhatLingers(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		var peers []*peer
		for range 5 {
			o, p := w.connect(unixPair)
			w.turn(o.PauseReading)
			p.write([]byte("unread"))
			w.turn(o.Close)
			w.turn()
			peers = append(peers, p)
		}
		equal(t, "lingering", w.sh.Stats().Lingering, 5)
		peers[1].close()
		w.until(func() bool { return w.sh.Stats().Lingering == 4 })
		must(t, w.r.Close())
		w.sh.Close()
		equal(t, "lingering", w.sh.Stats().Lingering, 0)
	})
}

// TestLostOnAClosedLoop closes the descriptor, though nobody can be told.
func TestLostOnAClosedLoop(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		p.write([]byte("unread"))
		must(t, w.r.Close())
		o.Close()
		equal(t, "descriptor", o.Fd(), -1)
		o.says("")
		p.read()
		equal(t, "peer's end", p.ended || p.err != nil, true)
	})
}

// TestAFloodAfterTheClose is read and thrown away.
func TestAFloodAfterTheClose(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		w.turn(o.PauseReading)
		flood := pattern(1 << 20)
		p.write(flood)
		w.turn(o.Close)
		for p.out.n < 10<<20 {
			p.write(flood)
			w.turn()
		}
		equal(t, "lingering", w.sh.Stats().Lingering, 1)
		p.shutdown()
		w.gone()
		o.says("lost")
	})
}
