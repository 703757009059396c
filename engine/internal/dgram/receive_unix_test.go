//go:build unix

package dgram

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// TestBatches: a turn brings one batch, and a queue that is longer goes on by
// itself.
func TestBatches(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		fd, at := udp(t)
		far, _ := udp(t)
		defer syscall.Close(far)
		o := w.endpoint(fd, Options{Kind: udpKind, MaxSize: 1 << 16})
		_, err := sock.Connect(far, udpKind.Family, at)
		must(t, err)
		const n = 3*maxBatch + 5
		var want []string
		for i := range n {
			want = append(want, strconv.Itoa(i))
		}
		write(t, far, want...)
		most := 0
		w.until(func() bool {
			before := len(o.got)
			w.turn()
			most = max(most, len(o.got)-before)
			return len(o.got) == n
		})
		wantTexts(t, "received", o.got, want...)
		equal(t, "most in a turn", most, maxBatch)
		equal(t, "calls", w.sh.Stats().Receives, 4)
		equal(t, "received", w.sh.Stats().Received, n)
		write(t, far, "later")
		w.until(func() bool { return len(o.got) == n+1 })
	})
}

// TestPanicLeavesTheRest: each datagram is told once, whichever panics.
func TestPanicLeavesTheRest(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, far := w.pair()
		k := w.script()
		o.onData = func(p []byte) {
			o.sends(string(p))
			if strings.Contains("bce", string(p)) {
				panic(string(p))
			}
		}
		write(t, far, "a", "b", "c", "d", "e")
		w.until(func() bool { return len(o.got) == 5 })
		w.turn()
		wantTexts(t, "received", o.got, "a", "b", "c", "d", "e")
		wantTexts(t, "reports", w.faults, "datagram_received: b", "datagram_received: c", "datagram_received: e")
		wantTexts(t, "sent", k.taken, "a", "b", "c", "d", "e")
		o.onData = nil
		write(t, far, "f")
		w.until(func() bool { return len(o.got) == 6 })
	})
}

// TestCloseAmongABatch: the rest is dropped, and counted.
func TestCloseAmongABatch(t *testing.T) {
	for name, end := range map[string]func(*owner){"close": func(o *owner) { o.Close() }, "abort": func(o *owner) { o.Abort() }} {
		for _, panics := range []bool{false, true} {
			w := simple(t)
			o, far := w.pair()
			o.onData = func([]byte) {
				end(o)
				if panics {
					panic("x")
				}
			}
			write(t, far, "a", "b", "c")
			w.until(func() bool { return o.Fd() < 0 })
			o.wants("data", "lost")
			equal(t, name, w.sh.Stats().Undelivered, 2)
			equal(t, "received", w.sh.Stats().Received, 1)
		}
	}
}

// TestReceiveErrors: those of the network are told behind what came before them, and
// the next batch comes without another event.
func TestReceiveErrors(t *testing.T) {
	for _, err := range []syscall.Errno{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENOMEM, syscall.ECONNRESET} {
		w := simple(t)
		o, far := w.pair()
		w.spoiled(err)
		write(t, far, "a", "b")
		w.until(func() bool { return len(o.errs) > 0 })
		o.wants("data", "data", "error")
		wantOpError(t, o.errs[0], "read", o.Remote(), err)
		equal(t, "errors", w.sh.Stats().ReceiveErrors, 1)
		receives := w.sh.Stats().Receives
		w.turn()
		equal(t, "another look", w.sh.Stats().Receives, receives+1)
		o.wants()
	}
}

// TestCloseBeforeAnError: what came behind the last datagram is nobody's.
func TestCloseBeforeAnError(t *testing.T) {
	w := simple(t)
	o, far := w.pair()
	w.spoiled(syscall.EHOSTUNREACH)
	o.onData = func([]byte) { o.Close() }
	write(t, far, "a")
	w.until(func() bool { return o.Fd() < 0 })
	o.wants("data", "lost")
}

// TestReceiveFails: a descriptor that is no socket, and what is no answer of a
// system, are the end, behind what came before.
func TestReceiveFails(t *testing.T) {
	for _, err := range []error{syscall.EBADF, syscall.ENOTSOCK, syscall.EFAULT, syscall.EINVAL, errors.New("other")} {
		w := simple(t)
		o, far := w.pair()
		w.spoiled(err)
		write(t, far, "a")
		w.until(func() bool { return o.Fd() < 0 })
		o.wants("data", "lost")
		wantOpError(t, o.errs[0], "read", sock.Addr{}, err)
	}
}

// TestErrorPanics: the endpoint goes on.
func TestErrorPanics(t *testing.T) {
	w := simple(t)
	o, far := w.pair()
	o.onErr = func(error) { panic("x") }
	w.spoiled(syscall.EHOSTUNREACH)
	write(t, far, "a")
	w.until(func() bool { return len(o.errs) > 0 })
	write(t, far, "b")
	w.until(func() bool { return len(o.got) == 2 })
	wantTexts(t, "reports", w.faults, "error_received: x")
	w.script(answer{err: syscall.EPERM})
	o.sends("c")
	w.turn()
	equal(t, "errors", len(o.errs), 2)
	equal(t, "reports", len(w.faults), 2)
	equal(t, "open", o.IsClosing(), false)
}

// TestReceiveInterrupted: EINTR is asked again, and EAGAIN is nothing.
func TestReceiveInterrupted(t *testing.T) {
	w := simple(t)
	o, far := w.pair()
	answers := []error{syscall.EINTR, syscall.EINTR}
	w.sh.system.receive = func(fd int, in *inbox) (int, error) {
		if len(answers) > 0 {
			err := answers[0]
			answers = answers[1:]
			return 0, err
		}
		return kernel.receive(fd, in)
	}
	write(t, far, "a")
	w.until(func() bool { return len(o.got) > 0 })
	equal(t, "calls", w.sh.Stats().Receives, 1)
	o.event(poller.Readable)
	w.turn()
	equal(t, "calls", w.sh.Stats().Receives, 2)
	o.wants("data")
}

// TestOncePerTurn: a second event of a turn is put off.
func TestOncePerTurn(t *testing.T) {
	w := simple(t)
	o, far := w.pair()
	w.turn()
	write(t, far, "a")
	o.event(poller.Readable)
	o.event(poller.Readable)
	before := w.sh.Stats().Receives
	w.turn()
	equal(t, "calls", w.sh.Stats().Receives, before+1)
	w.turn()
	equal(t, "calls", w.sh.Stats().Receives, before+2)
	w.turn()
	equal(t, "calls", w.sh.Stats().Receives, before+2)
}

// TestTruncated: a cut datagram is an error with what is left, and those around it
// are whole.
func TestTruncated(t *testing.T) {
	w := simple(t)
	o, far := w.pair()
	o.most = 5
	var cut TruncatedError
	var data string
	o.onErr = func(err error) {
		if found := new(TruncatedError); errors.As(err, &found) {
			cut, data = *found, string(found.Data)
		}
	}
	write(t, far, "12345", "123456789", "", "1234")
	w.until(func() bool { return len(o.log) == 4 })
	o.wants("data", "error", "data", "data")
	wantTexts(t, "whole", o.got, "12345", "", "1234")
	equal(t, "left", data, "12345")
	if cut.Size != 9 && cut.Size != 0 {
		t.Errorf("the size is %d", cut.Size)
	}
	wantOpError(t, o.errs[0], "read", sock.Addr{}, syscall.EMSGSIZE)
	equal(t, "counted", w.sh.Stats().Truncated, 1)
	equal(t, "received", w.sh.Stats().Received, 4)
	for size, want := range map[int]string{
		9: "a datagram of 9 bytes from /x was cut to 5", 0: "a datagram from /x was cut to 5 bytes",
	} {
		equal(t, "text", (&TruncatedError{Data: []byte(data), Size: size, From: sock.UnixAddr("/x")}).Error(), want)
	}
}

// TestSlots: each size has slots of its own, and no message writes to another's.
func TestSlots(t *testing.T) {
	var in inbox
	for _, c := range []struct{ most, want int }{
		{1, maxBatch}, {2000, maxBatch}, {1 << 16, maxBatch}, {1 << 18, 8}, {1 << 20, 2}, {1 << 22, 1}, {1 << 16, maxBatch},
	} {
		in.lay(c.most, false)
		equal(t, "slots", len(in.slots), c.want)
		for i, p := range in.slots {
			if len(p) != c.most || cap(p) != c.most {
				t.Errorf("slot %d has %d of %d bytes, want %d", i, len(p), cap(p), c.most)
			}
			for j := range p {
				p[j] = byte(i)
			}
		}
		for i, p := range in.slots {
			equal(t, "begin", p[0], byte(i))
			equal(t, "end", p[len(p)-1], byte(i))
		}
	}
}

// TestJoinedMessage: is cut where its datagrams end.
func TestJoinedMessage(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	w.sh.system.receive = func(_ int, in *inbox) (int, error) {
		text := func(s string, segment int) message {
			return message{data: []byte(s), size: len(s), segment: segment}
		}
		in.batch = append(in.batch[:0], text("aabbc", 2), text("ddee", 2), text("f", 2), text("", 0), text("ggg", 0), text("hh", 2))
		w.sh.system.receive = kernel.receive
		return len(in.batch), nil
	}
	o.onData = func(p []byte) {
		if string(p) == "bb" {
			panic("x")
		}
	}
	o.event(poller.Readable)
	w.turn()
	wantTexts(t, "received", o.got, "aa", "bb", "c", "dd", "ee", "f", "", "ggg", "hh")
	equal(t, "received", w.sh.Stats().Received, 9)
	equal(t, "bytes", w.sh.Stats().BytesReceived, 15)
}

// TestStalled: without memory nothing is received, and what is there comes when
// there is some.
func TestStalled(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, far := w.pair()
		w.full = true
		write(t, far, "a")
		w.until(func() bool { return len(w.eased) > 0 })
		write(t, far, "b")
		for range 5 {
			w.turn()
		}
		equal(t, "waits", len(w.eased), 1)
		o.wants()
		w.full = false
		w.turn(w.eased[0])
		w.until(func() bool { return len(o.got) == 2 })
		w.full = true
		write(t, far, "c")
		w.until(func() bool { return len(w.eased) == 2 })
		o.Abort()
		w.turn(w.eased[1])
		w.turn()
		o.wants("data", "data", "lost")
	})
}

// TestDescriptorsOfAPeer: nobody wants them, and the kernel closes them.
func TestDescriptorsOfAPeer(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, far := w.pair()
		var ends [2]int
		must(t, unix.Pipe(ends[:]))
		defer syscall.Close(ends[0])
		must(t, unix.SetNonblock(ends[0], true))
		must(t, unix.Sendmsg(far, []byte("a"), unix.UnixRights(ends[1]), nil, 0))
		must(t, syscall.Close(ends[1]))
		w.until(func() bool { return len(o.got) > 0 })
		_, err := syscall.Read(ends[0], make([]byte, 1))
		equal(t, "the end of a pipe with no other writer", err, nil)
	})
}
