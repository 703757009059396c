//go:build unix

package engine_test

import (
	"context"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// onSelectors runs fn with a loop of each kind of poller.
func onSelectors(t *testing.T, fn func(t *testing.T, l *engine.Loop)) {
	t.Run("best", func(t *testing.T) { fn(t, newLoop(t)) })
	t.Run("poll", func(t *testing.T) {
		l, err := engine.NewSelectorEventLoop(engine.Poll, hosted(t, engine.Config{}))
		if err != nil {
			t.Skip(err) // a host that poll(2) does not have
		}
		t.Cleanup(func() { closeLoop(t, l) })
		fn(t, l)
	})
}

// recycled aborts a transport for which the turn's poll brings an event, and has
// the system give its descriptor's number away again, to one end of a pair. It is
// to be called between turns; then is a callback of that turn, behind the close
// and before the event.
func recycled(t *testing.T, l *engine.Loop, then func(number engine.FD)) {
	t.Helper()
	w := &wireTap{}
	tr, far := wired(t, l, w)
	number := tr.ExtraInfo("socket").(*engine.TransportSocket).Fd()
	tr.Abort() // the descriptor is open until the turn
	far.send("for the old one")
	l.CallSoon(func() {
		isEqual(t, "old connection is over", w.over, true)
		then(number)
	})
	turn(t, l)
	w.want(t, "made", "lost")
}

// reopened is a pair, one end of which has the number.
func reopened(t *testing.T, number engine.FD) (a, b *engine.Socket) {
	t.Helper()
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	must(t, err)
	if b.Fd() == number {
		a, b = b, a
	}
	if a.Fd() != number {
		t.Errorf("the descriptor is %d, want %d again", a.Fd(), number)
	}
	t.Cleanup(func() { must(t, a.Close()); must(t, b.Close()) })
	return a, b
}

// TestStaleEventOfAReader: the new owner of a number hears of no event that was
// meant for the old one.
func TestStaleEventOfAReader(t *testing.T) {
	onSelectors(t, func(t *testing.T, l *engine.Loop) {
		for range 20 {
			var a, b *engine.Socket
			events := 0
			recycled(t, l, func(number engine.FD) {
				a, b = reopened(t, number)
				must(t, l.AddReader(number, func() { events++; readOne(t, a) }))
			})
			idleTurns(t, l)
			isEqual(t, "events without input", events, 0)
			farEnd(t, b).send("x")
			untilSo(t, l, func() bool { return events > 0 })
			isEqual(t, "events of one byte", events, 1)
			isEqual(t, "removed", l.RemoveReader(a.Fd()), true)
		}
	})
}

// readOne takes one byte.
func readOne(t *testing.T, s *engine.Socket) {
	t.Helper()
	f := &wireEnd{t: t, s: s}
	f.read()
	isEqual(t, "read", f.in.n, 1)
}

// TestStaleEventOfATransport is the same for a transport, which would ask its
// protocol for memory.
func TestStaleEventOfATransport(t *testing.T) {
	onSelectors(t, func(t *testing.T, l *engine.Loop) {
		for range 20 {
			f := &fillTap{memory: make([]byte, 100)}
			var b *engine.Socket
			recycled(t, l, func(number engine.FD) {
				var a *engine.Socket
				a, b = reopened(t, number)
				engine.Go(l, func(ctx context.Context) error {
					_, _, err := l.ConnectAcceptedSocket(ctx, func() engine.Protocol { return f }, a, engine.AcceptedOptions{})
					return err
				})
			})
			idleTurns(t, l)
			f.want(t, "made")
			(&wireEnd{t: t, s: b}).send("for the new one")
			untilSo(t, l, func() bool { return f.got.n > 0 })
			f.want(t, "get", "updated 15")
			isEqual(t, "received", f.got, tallyOf([]byte("for the new one")))
			f.tr.Abort()
			turn(t, l)
		}
	})
}

// TestReplacedByAnEventOfItsBatch has two descriptors with events in one batch.
// The first to be told replaces the other by a new one of the same number.
func TestReplacedByAnEventOfItsBatch(t *testing.T) {
	onSelectors(t, func(t *testing.T, l *engine.Loop) {
		for range 20 {
			var ends, fars [2]*engine.Socket
			told, wrong := 0, 0
			for i := range ends {
				ends[i], fars[i] = pairOf(t, overUnixPair)
				farEnd(t, fars[i]).send("x")
				must(t, l.AddReader(ends[i].Fd(), func() {
					told++
					l.RemoveReader(ends[i].Fd())
					number := ends[1-i].Fd()
					l.RemoveReader(number)
					must(t, ends[1-i].Close())
					ends[1-i], _ = reopened(t, number)
					must(t, l.AddReader(number, func() { wrong++ }))
				}))
			}
			idleTurns(t, l)
			isEqual(t, "told", told, 1)
			isEqual(t, "events of the old ones", wrong, 0)
			for _, s := range ends {
				l.RemoveReader(s.Fd())
				must(t, s.Close())
			}
		}
	})
}
