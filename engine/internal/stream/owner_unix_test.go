//go:build unix

package stream

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// sum tells whether two have seen the same bytes.
type sum struct {
	n   int
	crc uint32
}

var table = crc32.MakeTable(crc32.Castagnoli)

func (s *sum) add(p []byte) {
	s.n += len(p)
	s.crc = crc32.Update(s.crc, table, p)
}

func sumOf(p []byte) (s sum) {
	s.add(p)
	return s
}

// owner is a stream with an owner that keeps a journal. Its hooks, where they are
// set, do the rest.
type owner struct {
	Stream
	w       *world
	journal []string
	in, out sum
	buf     []byte // for a buffered owner
	err     error
	over    bool

	onData, onEnd, onPause, onResume, onLost, onBuffer func()
	keepOpen                                           bool
}

func (o *owner) is(s string) bool { return strings.Join(o.journal, " ") == s }

func (o *owner) says(want string) {
	o.w.t.Helper()
	equal(o.w.t, "journal", strings.Join(o.journal, " "), want)
}

func (o *owner) tell(what string, hook func()) {
	if o.over {
		o.w.t.Errorf("%s after lost", what)
	}
	o.journal = append(o.journal, what)
	if hook != nil {
		hook()
	}
}

func (o *owner) Data(p []byte) {
	o.in.add(p)
	o.tell(fmt.Sprintf("data(%d)", len(p)), o.onData)
}

func (o *owner) Buffer() []byte {
	o.tell("buffer", o.onBuffer)
	return o.buf
}

func (o *owner) Updated(n int) {
	o.in.add(o.buf[:n])
	o.tell(fmt.Sprintf("updated(%d)", n), o.onData)
}

func (o *owner) End() bool {
	o.tell("end", o.onEnd)
	return o.keepOpen
}

func (o *owner) Sent(n int) {
	if n <= 0 {
		o.w.t.Errorf("told of %d bytes sent", n)
	}
	o.w.sent += uint64(n)
}

func (o *owner) Pause()  { o.tell("pause", o.onPause) }
func (o *owner) Resume() { o.tell("resume", o.onResume) }

func (o *owner) Lost(err error) {
	o.err = err
	what := "lost"
	if err != nil {
		what = "lost:" + err.Error()
	}
	o.tell(what, o.onLost)
	o.over = true
}

// write writes p, which must be taken.
func (o *owner) write(p []byte) {
	o.out.add(p) // before what Pause may write
	n, err := o.Write(p)
	must(o.w.t, err)
	equal(o.w.t, "taken", n, len(p))
}

// own makes an owner of fd, which is not started.
func (w *world) own(fd int, isSocket bool) *owner {
	o := &owner{w: w}
	o.Init(w.sh, fd, kindOf(fd, isSocket), o)
	w.owners = append(w.owners, o)
	w.t.Cleanup(func() {
		if o.Fd() >= 0 {
			w.t.Errorf("the stream was not lost: %v", o.journal)
			sysClose(o.Fd())
		}
		equal(w.t, "told of bytes sent", w.sent, w.sh.Stats().BytesSent)
	})
	return o
}

func kindOf(fd int, isSocket bool) Kind {
	if !isSocket {
		return pipeKind(fd)
	}
	name, _ := unix.Getsockname(fd)
	if _, ok := name.(*unix.SockaddrUnix); ok {
		return UnixSocket
	}
	return Socket
}

// connect makes a started stream over one end of a pair, and has the other.
func (w *world) connect(pair func(testing.TB) (int, int)) (*owner, *peer) {
	a, b := pair(w.t)
	o := w.own(a, true)
	w.turn(func() { must(w.t, o.Start()) })
	w.turn()
	return o, newPeer(w.t, b)
}

// pattern is n bytes of which no two stretches are the same.
func pattern(n int) []byte {
	p := make([]byte, n)
	x := uint32(n) | 1
	for i := range p {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i] = byte(x)
	}
	return p
}

// pipeKind is that of an end of a pipe, or of what was opened for one direction.
func pipeKind(fd int) Kind {
	mode, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil && mode&unix.O_ACCMODE == unix.O_WRONLY {
		return WritePipe
	}
	return ReadPipe
}
