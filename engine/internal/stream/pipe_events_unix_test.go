//go:build unix

package stream

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// started makes a stream of a kind over fd, and has it started.
func (w *world) started(fd int, k Kind) *owner {
	o := &owner{w: w}
	o.Init(w.sh, fd, k, o)
	w.turn(func() { must(w.t, o.Start()) })
	w.turns(2)
	return o
}

// TestEventsOfWhatIsWrittenTo: the end of the other side ends a pipe, and not a
// device, where a write tells. Any other event has both go on to write.
func TestEventsOfWhatIsWrittenTo(t *testing.T) {
	for _, kind := range []Kind{WritePipe, WriteDevice} {
		onPollers(t, func(t *testing.T, w *world) {
			a, b := smallPair(t)
			p, o := newPeer(t, b), w.started(a, kind)
			w.turn(o.fill)
			for _, ready := range []poller.Ready{poller.Readable, poller.Readable | poller.Urgent} {
				ev, waits := &poller.Event{}, o.Stream.out.Len()
				p.read()
				o.HandleReady(ev, ready)
				equal(t, "goes on", o.Stream.out.Len() < waits, true)
				equal(t, "left", ev.Ready, 0)
				w.turn(o.fill)
			}
			for _, ready := range []poller.Ready{poller.HangUp, poller.Failed, poller.PeerClosed, poller.HangUp | poller.Writable} {
				waits := o.Stream.out.Len()
				p.read()
				o.HandleReady(&poller.Event{}, ready)
				if kind == WritePipe {
					w.turn()
					wantFailed(t, o, "write", syscall.EPIPE)
					return
				}
				equal(t, "goes on", o.Stream.out.Len() < waits, true)
				w.turn(o.fill)
			}
			p.close()
			w.until(func() bool { return o.over })
			wantFailed(t, o, "write", syscall.EPIPE)
		})
	}
}

// TestEachEndOfAPipeIsOne, whichever event tells of it.
func TestEachEndOfAPipeIsOne(t *testing.T) {
	for _, ready := range []poller.Ready{poller.HangUp, poller.Failed, poller.PeerClosed} {
		onPollers(t, func(t *testing.T, w *world) {
			a, b := unixPair(t)
			newPeer(t, b)
			o := w.started(a, WritePipe)
			o.HandleReady(&poller.Event{}, ready)
			w.turn()
			o.says("lost")
		})
	}
}

// TestAPanicAtTheEndOfAPipe is reported as what it is, and keeps Lost from nobody.
func TestAPanicAtTheEndOfAPipe(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		in, out := w.pipes()
		in.onEnd = func() { panic("oh") }
		w.turn(out.Close)
		w.until(func() bool { return in.over })
		in.says("end lost")
		equal(t, "faults", strings.Join(w.faults, " "), "eof_received: oh")
		w.until(func() bool { return out.over })
	})
}

// TestReadsOfWhatNobodyWatches begin with the stream, and are asked for once a turn,
// however often; what is only written to asks for none.
func TestReadsOfWhatNobodyWatches(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		open := func(path string, mode int) int {
			fd, err := unix.Open(path, mode|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			must(t, os.NewSyscallError("open", err))
			return fd
		}
		null := w.started(open(os.DevNull, unix.O_WRONLY), WriteDevice)
		zero := w.started(open("/dev/zero", unix.O_RDONLY), ReadDevice)
		w.until(func() bool { return zero.in.n > 0 })
		w.turn(zero.readable, zero.readable, zero.readable)
		w.turn()
		before, read := w.r.Stats().Callbacks, zero.in.n
		w.turn()
		if n := w.r.Stats().Callbacks - before; n > 1 {
			t.Errorf("%d callbacks a turn", n)
		}
		w.until(func() bool { return zero.in.n > read })
		w.turn(null.Abort, zero.Abort)
		w.turn()
		equal(t, "was to be read", null.Stream.is(spent), false)
	})
}
