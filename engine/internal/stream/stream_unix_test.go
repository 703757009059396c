//go:build unix

package stream

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// refusing is a poller that watches nothing more.
type refusing struct {
	poller.Poller
	err error
}

func (p refusing) Add(int, poller.Token, poller.Interest) error { return p.err }

// newRefusing makes a world where no stream can be watched.
func newRefusing(t testing.TB, err error) *world {
	best, e := poller.New()
	must(t, e)
	return newWorld(t, refusing{best, err})
}

// TestWhatCannotBeWatched is lost, and told why, but for a device that is always
// ready.
func TestWhatCannotBeWatched(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		err  error
		goes bool
	}{
		{UnixSocket, syscall.EPERM, false},
		{ReadPipe, syscall.EPERM, false},
		{ReadDevice, syscall.ENOSPC, false},
		{ReadDevice, syscall.EPERM, true},
		{WriteDevice, syscall.EPERM, true},
	} {
		w := newRefusing(t, c.err)
		a, b := unixPair(t)
		newPeer(t, b)
		o := &owner{w: w}
		o.Init(w.sh, a, c.kind, o)
		var err error
		w.turn(func() { err = o.Start() })
		w.turn()
		if c.goes {
			must(t, err)
			o.says("")
			w.turn(o.Abort)
			w.turn()
			continue
		}
		var e *net.OpError
		if !errors.As(err, &e) || e.Op != "watch" || !errors.Is(err, c.err) {
			t.Errorf("kind %d: Start returns %v", c.kind, err)
		}
		equal(t, "told", o.err, err)
		equal(t, "over", o.over, true)
	}
}

// TestALostStreamIsNotWatched, though it is still to be told.
func TestALostStreamIsNotWatched(t *testing.T) {
	w := newRefusing(t, syscall.ENOSPC)
	o, _ := w.fresh(unixPair)
	w.turn(func() { o.Abort(); must(t, o.Start()) })
	w.turn()
	o.says("lost")
}

// TestEventsThatTellOfMoreThanInput have a short read followed by another one.
func TestEventsThatTellOfMoreThanInput(t *testing.T) {
	for ready, reads := range map[poller.Ready]uint64{
		poller.Writable: 1, poller.PeerClosed: 2, poller.Urgent: 2, poller.HangUp: 2, poller.Failed: 2,
	} {
		onPollers(t, func(t *testing.T, w *world) {
			o, p := w.connect(unixPair)
			p.write([]byte("x"))
			before := w.sh.Stats().Reads
			o.HandleReady(&poller.Event{}, poller.Readable|ready)
			w.turns(3)
			o.says("data(1)")
			equal(t, "reads", w.sh.Stats().Reads-before, reads)
			w.end(o)
		})
	}
}

// TestAnEventOfBothDirections: its reading comes first, and leaves in the event what
// is to be written, if anything waits for that.
func TestAnEventOfBothDirections(t *testing.T) {
	for ready, writes := range map[poller.Ready]bool{
		0: false, poller.PeerClosed: false, poller.Urgent: false,
		poller.Writable: true, poller.HangUp: true, poller.Failed: true,
	} {
		onPollers(t, func(t *testing.T, w *world) {
			o, p := w.connect(smallPair)
			for _, waits := range []bool{false, true} {
				if waits {
					w.turn(o.fill)
				}
				w.turns(2) // without a read
				p.write([]byte("x"))
				ev := &poller.Event{}
				o.HandleReady(ev, poller.Readable|ready)
				equal(t, "received", o.in, p.out)
				equal(t, "left", ev.Ready == poller.Writable, waits && writes)
			}
			w.turn(o.Abort)
			w.turn()
		})
	}
}

// TestAnEventOfWritingReadsNothing, whatever is there.
func TestAnEventOfWritingReadsNothing(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		w.turn(o.fill)
		p.write([]byte("x"))
		waits := o.Buffered()
		p.read()
		o.HandleReady(&poller.Event{}, poller.Writable)
		o.says("")
		equal(t, "goes on", o.Buffered() < waits, true)
		w.turn(o.Abort)
		w.turn()
	})
}

// TestAnEventOfWritingSendsNothingThatIsHeld: that leaves with the rest of the turn.
func TestAnEventOfWritingSendsNothingThatIsHeld(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		equal(t, "calls", w.sends(func() {
			o.write([]byte("one"))
			o.HandleReady(&poller.Event{}, poller.Writable)
			o.write([]byte("two"))
		}), 1)
		w.end(o)
	})
}

// TestErrorsAreDescribed by who knows the addresses.
func TestErrorsAreDescribed(t *testing.T) {
	w := newRefusing(t, syscall.ENOSPC)
	o, _ := w.fresh(unixPair)
	equal(t, "owner", o.Owner(), Events(o))
	w.sh.config.Describe = func(s *Stream, e *net.OpError) {
		equal(t, "stream", s, &o.Stream)
		e.Net = "described"
	}
	w.turn(func() {
		var e *net.OpError
		if err := o.Start(); !errors.As(err, &e) || e.Net != "described" {
			t.Errorf("Start returns %v", err)
		}
	})
	w.turn()
}
