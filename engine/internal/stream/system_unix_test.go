//go:build unix

package stream

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// TestModelsOfAMoodyKernel play the models of streams and of writes over a kernel
// that interrupts calls, and does less than it could.
func TestModelsOfAMoodyKernel(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -stream.seed=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	onPollers(t, func(t *testing.T, w *world) {
		m := w.moods(rnd)
		for range 30 {
			pair := []func(testing.TB) (int, int){unixPair, smallPair, tcpPair}[rnd.IntN(3)]
			newModel(w, rnd, pair).play()
			newWriting(w, rnd).play()
			w.owners = nil
			if t.Failed() {
				return
			}
		}
		for _, what := range []string{
			"read EINTR", "write EINTR", "writev EINTR", "shutdown EINTR",
			"write EAGAIN", "writev EAGAIN", "short read", "short write", "short writev",
		} {
			equal(t, what, m.hits[what] > 0, true)
		}
	})
}

// interrupted makes each call of the kernel but close fail with EINTR twice
// before it is made, and counts the calls.
func (w *world) interrupted() map[string]int {
	calls, sys := map[string]int{}, &w.sh.system
	again := func(call string) bool { calls[call]++; return calls[call]%3 != 0 }
	w.reads(func(_ int, p []byte) ([]byte, error) {
		if again("read") {
			return nil, syscall.EINTR
		}
		return p, nil
	})
	sys.write = func(fd int, p []byte) (int, error) {
		if again("write") {
			return 0, syscall.EINTR
		}
		return kernel.write(fd, p)
	}
	sys.writev = func(fd int, pieces [][]byte, v *vector) (int, error) {
		if again("writev") {
			return 0, syscall.EINTR
		}
		return kernel.writev(fd, pieces, v)
	}
	sys.shutdown = func(fd int) error {
		if again("shutdown") {
			return syscall.EINTR
		}
		return kernel.shutdown(fd)
	}
	sys.close = func(fd int) { calls["close"]++; kernel.close(fd) }
	return calls
}

// TestInterruptedCalls are made again, and are one call to whoever counts. A close
// is made once: it has closed.
func TestInterruptedCalls(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		calls := w.interrupted()
		o, p := w.connect(unixPair)
		o.keepOpen = true
		w.turn(func() { o.write([]byte("one")) })
		w.turn(func() {
			for range 3 {
				o.out.add([]byte("more"))
				must(t, o.WriteOwned([]byte("more"), nil))
			}
		})
		p.write([]byte("asked"))
		w.turn()
		w.turn(o.WriteEOF)
		p.read()
		equal(t, "sent", p.in, o.out)
		equal(t, "ended", p.ended, true)
		equal(t, "received", o.in, p.out)
		w.turn(o.PauseReading)
		p.write([]byte("unread")) // so that it lingers
		w.turn(o.Close)
		w.turn()
		equal(t, "lingering", w.sh.Stats().Lingering, 1)
		p.close()
		w.gone()
		s := w.sh.Stats()
		equal(t, "reads", s.Reads, 1)
		equal(t, "writes", calls["write"]+calls["writev"], 3*int(s.Writes))
		equal(t, "writev", calls["writev"] > 0, true)
		equal(t, "shutdown", calls["shutdown"], 3*2)
		equal(t, "close", calls["close"], 1)
	})
}

// steps are sizes of pieces that are handed over in one turn, and every place in
// and between them where the kernel may stop.
var steps = []int{3, 1, 5, 2}

const stepsSum = 11

// handOver writes the steps in a turn, and notes at how many bytes each came back.
func (o *owner) handOver(k *scripted) (all []byte, released *[]int) {
	released = new([]int)
	all = pattern(stepsSum)
	o.w.turn(func() {
		from := 0
		for _, n := range steps {
			must(o.w.t, o.WriteOwned(all[from:from+n], func() { *released = append(*released, len(k.taken)) }))
			from += n
		}
	})
	return all, released
}

// TestWritesRefusedAnywhere go on where the kernel stopped, wherever that is, and
// piece by piece give back what was sent.
func TestWritesRefusedAnywhere(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for first := range stepsSum {
			for second := range stepsSum - first {
				o, _ := w.connect(unixPair)
				k := w.script(answer{n: first}, answer{err: syscall.EAGAIN}, answer{n: second}, answer{err: syscall.EAGAIN})
				if first == 0 {
					k.answers = k.answers[1:]
				}
				all, released := o.handOver(k)
				equal(t, "taken", len(k.taken), first)
				equal(t, "left", o.Buffered(), stepsSum-first)
				for o.Buffered() > 0 {
					w.r.Again(o.token, poller.Writable)
					w.turn()
				}
				equal(t, "sent", string(k.taken), string(all))
				equal(t, "pieces back", len(*released), len(steps))
				w.end(o)
			}
		}
	})
}

// TestErrorsInTheMiddle of a writev end the stream with that error, behind any
// number of bytes, and every piece comes back. Without memory it is the same, as
// in asyncio.
func TestErrorsInTheMiddle(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, errno := range []syscall.Errno{unix.ECONNRESET, unix.EPIPE, unix.ENOBUFS, unix.ENOMEM, unix.EIO} {
			for at := range stepsSum {
				o, _ := w.connect(unixPair)
				before := w.sh.Stats().BytesSent
				k := w.script(answer{n: at}, answer{err: errno})
				if at == 0 {
					k.answers = k.answers[1:]
				}
				all, released := o.handOver(k)
				equal(t, "closing", o.IsClosing(), true)
				equal(t, "sent", string(k.taken), string(all[:at]))
				equal(t, "counted", w.sh.Stats().BytesSent-before, uint64(at))
				equal(t, "pieces back", len(*released), len(steps))
				calls := k.calls
				w.turns(2)
				equal(t, "further calls", k.calls-calls, 0)
				wantFailed(t, o, "write", errno)
				w.sh.system = kernel
			}
		}
	})
}

// wantFailed wants a stream to be lost by a call.
func wantFailed(t *testing.T, o *owner, op string, errno syscall.Errno) {
	t.Helper()
	var e *net.OpError
	var call *os.SyscallError
	if !o.over || !errors.As(o.err, &e) || e.Op != op || !errors.As(o.err, &call) || call.Syscall != op || call.Err != errno {
		t.Errorf("over: %t by %v, want %v of %s", o.over, o.err, errno, op)
	}
}

// TestALargeWriteInParts: what is not copied first is accounted for as well.
func TestALargeWriteInParts(t *testing.T) {
	const size = heldLimit + 10
	onPollers(t, func(t *testing.T, w *world) {
		for _, at := range []int{1, heldLimit, size - 1, size} {
			o, _ := w.connect(unixPair)
			k := w.script(answer{n: at}, answer{n: 3}, answer{err: syscall.EAGAIN})
			b := pattern(size)
			w.turn(func() { o.write(b) })
			equal(t, "taken", len(k.taken), min(at+3, size))
			equal(t, "left", o.Stream.out.Len(), size-len(k.taken))
			w.r.Again(o.token, poller.Writable)
			w.turn()
			w.r.Again(o.token, poller.Writable)
			w.turn()
			equal(t, "sent", string(k.taken), string(b))
			k.answers = nil
			w.end(o)
		}
	})
}

// TestReadsThatFail: nothing is there after all, then a part, then an error.
func TestReadsThatFail(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, errno := range []syscall.Errno{unix.ECONNRESET, unix.ENOMEM, unix.ENOBUFS, unix.ETIMEDOUT} {
			o, p := w.connect(unixPair)
			answers := []answer{{err: syscall.EAGAIN}, {n: 2}, {err: syscall.EAGAIN}, {n: 1}, {err: errno}}
			p.write([]byte("xyz"))
			w.reads(func(_ int, p []byte) ([]byte, error) {
				a := answers[0]
				answers = answers[1:]
				return p[:a.n], a.err
			})
			for len(answers) > 0 {
				w.r.Again(o.token, poller.Readable)
				w.turn()
			}
			w.turn()
			equal(t, "received", o.in.n, 3)
			o.says("data(2) data(1) lost:read: read: " + errno.Error())
			wantFailed(t, o, "read", errno)
			equal(t, "reports", len(w.faults), 0)
			w.sh.system = kernel
		}
	})
}

// TestShutdownThatFails ends the stream; a peer that is gone already does not.
func TestShutdownThatFails(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, errno := range []syscall.Errno{unix.ENOTCONN, unix.EIO} {
			o, _ := w.connect(unixPair)
			w.sh.system.shutdown = func(int) error { return errno }
			w.turn(o.WriteEOF)
			w.turn()
			equal(t, errno.Error(), o.over, errno == unix.EIO)
			w.sh.system.shutdown = kernel.shutdown
			if errno == unix.EIO {
				wantFailed(t, o, "shutdown", errno)
			} else {
				w.end(o)
			}
		}
	})
}

// TestLingeringReadsThatFail: an error is the end of it, and nothing to read is
// not.
func TestLingeringReadsThatFail(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		w.turn(o.PauseReading)
		p.write([]byte("unread"))
		w.turn(o.Close)
		w.turns(3)
		fails := error(syscall.EAGAIN)
		w.reads(func(int, []byte) ([]byte, error) { return nil, fails })
		for _, left := range []int{1, 0} {
			w.r.Again(o.token, poller.Readable)
			w.turn()
			equal(t, "lingering", w.sh.Stats().Lingering, left)
			fails = syscall.ECONNRESET
		}
	})
}
