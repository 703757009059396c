//go:build unix

package stream

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// pipes makes both ends of a pipe, which are started.
func (w *world) pipes() (in, out *owner) {
	r, wr := pipe(w.t)
	in, out = w.own(r, false), w.own(wr, false)
	w.turn(func() { must(w.t, in.Start()); must(w.t, out.Start()) })
	return in, out
}

// TestPipesHaveCallsOfTheirOwn, which are made again when they are interrupted.
func TestPipesHaveCallsOfTheirOwn(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		calls, sys := map[string]int{}, &w.sh.system
		again := func(call string) bool { calls[call]++; return calls[call]%3 != 0 }
		sys.read, sys.write, sys.writev = nil, nil, nil // nobody may use them
		sys.pipes.read = func(fd int, p []byte) (int, error) {
			if again("read") {
				return 0, syscall.EINTR
			}
			return kernel.pipes.read(fd, p)
		}
		sys.pipes.write = func(fd int, p []byte) (int, error) {
			if again("write") {
				return 0, syscall.EINTR
			}
			return kernel.pipes.write(fd, p)
		}
		sys.pipes.writev = func(fd int, pieces [][]byte, v *vector) (int, error) {
			if again("writev") {
				return 0, syscall.EINTR
			}
			return kernel.pipes.writev(fd, pieces, v)
		}
		in, out := w.pipes()
		w.turn(func() { out.write([]byte("one")) })
		w.turn(func() {
			for range 3 {
				out.out.add([]byte("more"))
				must(t, out.WriteOwned([]byte("more"), nil))
			}
		})
		w.turn(func() { out.write(pattern(heldLimit + 1)) })
		w.turn(out.Close)
		w.until(func() bool { return in.over && out.over })
		equal(t, "received", in.in, out.out)
		for _, call := range []string{"read", "write", "writev"} {
			equal(t, call, calls[call] > 0, true)
		}
	})
}

// TestInputOfAWritePipe is none of its business, and no end.
func TestInputOfAWritePipe(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		a, b := unixPair(t)
		o := &owner{w: w}
		o.Init(w.sh, a, WritePipe, o)
		w.turn(func() { must(t, o.Start()) })
		w.turns(2)
		p := newPeer(t, b)
		p.write([]byte("for somebody else"))
		w.turns(3)
		equal(t, "reads", w.sh.Stats().Reads, 0)
		w.end(o)
		equal(t, "error", o.err, nil)
	})
}

// TestOutputOfAReadPipe has no events.
func TestOutputOfAReadPipe(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		a, b := unixPair(t)
		newPeer(t, b)
		o, events := &owner{w: w}, w.r.Stats().Events
		o.Init(w.sh, a, ReadPipe, o)
		w.turn(func() { must(t, o.Start()) })
		w.turns(3)
		equal(t, "events", w.r.Stats().Events-events, 0)
		equal(t, "sent", o.WriteOwned([]byte("x"), nil), ErrReadOnly)
		equal(t, "posted", o.Post([]byte("x")), ErrReadOnly)
		w.turn(o.WriteEOF)
		w.turn()
		o.says("")
		w.end(o)
	})
}

// TestAPipeIsReadUntilNothingIsThere, since a short read does not say so.
func TestAPipeIsReadUntilNothingIsThere(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		in, out := w.pipes()
		short := true
		w.sh.system.pipes.read = func(fd int, p []byte) (int, error) {
			if short {
				p = p[:1]
			}
			return kernel.pipes.read(fd, p)
		}
		out.write([]byte("abc"))
		w.until(func() bool { return in.in.n == 3 })
		w.turns(2)
		reads := w.sh.Stats().Reads
		equal(t, "none brings nothing", reads, 3)
		w.turns(5)
		equal(t, "reads when nothing is there", w.sh.Stats().Reads, reads)
		short = false
		w.turn(out.Close)
		w.until(func() bool { return in.over })
		in.says("data(1) data(1) data(1) end lost")
	})
}

// TestAPipeThatBreaksInBetween: what is held, and what is posted, was not sent.
func TestAPipeThatBreaksInBetween(t *testing.T) {
	for what, more := range map[string]func(o *owner){
		"held":    func(o *owner) { o.write([]byte("x")) },
		"posted":  func(o *owner) { must(o.w.t, o.Post([]byte("x"))) },
		"nothing": func(*owner) {},
	} {
		onPollers(t, func(t *testing.T, w *world) {
			in, out := w.pipes()
			w.turns(2)
			w.turn(in.Abort)
			w.turn()
			more(out)
			w.r.Again(out.token, poller.Failed)
			w.until(func() bool { return out.over })
			if what == "nothing" {
				equal(t, "error", out.err, nil)
			} else {
				wantFailed(t, out, "write", syscall.EPIPE)
			}
		})
	}
}

// TestAPeerThatStillReads gets what was written before the end of its own writing was
// noticed.
func TestAPeerThatStillReads(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		a, b := unixPair(t)
		p := newPeer(t, b)
		o := &owner{w: w}
		o.Init(w.sh, a, WritePipe, o)
		w.turn(func() { must(t, o.Start()) })
		w.turns(2)
		p.shutdown()
		w.turn(func() { o.write([]byte("held")) })
		w.until(func() bool { return o.over })
		p.read()
		equal(t, "received", p.in, o.out)
		equal(t, "error", o.err, nil)
	})
}

// TestErrorsOfReadPipes are told to more than the owner, but for the end of a
// terminal, and once.
func TestErrorsOfReadPipes(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, errno := range []syscall.Errno{unix.EIO, unix.EISDIR} {
			in, out := w.pipes()
			w.sh.system.pipes.read = func(int, []byte) (int, error) { return 0, errno }
			out.write([]byte("x"))
			w.until(func() bool { return in.over })
			wantFailed(t, in, "read", errno)
			equal(t, "reports", len(w.faults), map[syscall.Errno]int{unix.EIO: 0, unix.EISDIR: 1}[errno])
			w.faults, w.sh.system = nil, kernel
			w.until(func() bool { return out.over })
		}
	})
}

// TestAFIFOWithoutAWriterRunsIntoItsTimeout: the last look before a timeout does
// not take that for an end.
func TestAFIFOWithoutAWriterRunsIntoItsTimeout(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		path := filepath.Join(t.TempDir(), "fifo")
		must(t, unix.Mkfifo(path, 0o600))
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		must(t, os.NewSyscallError("open", err))
		o := w.own(fd, false)
		w.turn(func() { must(t, o.Start()); o.SetTimeouts(Timeouts{Read: sec}) })
		w.lapse(sec)
		var x *expiry
		equal(t, "over", o.over, true)
		equal(t, "by its timeout", errors.As(o.err, &x), true)
	})
}

// TestAReadTimeoutOfWhatIsWrittenTo never passes: its reading is over.
func TestAReadTimeoutOfWhatIsWrittenTo(t *testing.T) {
	onTimed(t, func(t *testing.T, w timed) {
		_, out := w.pipes()
		w.turn(func() { out.SetTimeouts(Timeouts{Read: sec}) })
		w.lapse(10 * sec)
		out.lives("without input")
		w.end(out)
		w.until(func() bool { return w.sh.Stats().Open == 0 })
	})
}
