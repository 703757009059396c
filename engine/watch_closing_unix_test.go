//go:build unix

package engine_test

import (
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// wantGuarded wants a transport to keep its descriptor to itself. What is removed is
// nobody's.
func wantGuarded(t *testing.T, what string, l *engine.Loop, fd engine.FD) {
	t.Helper()
	wantErr(t, what+", AddReader", l.AddReader(fd, nop), engine.ErrFdInUse)
	wantErr(t, what+", AddWriter", l.AddWriter(fd, nop), engine.ErrFdInUse)
	isEqual(t, what+", RemoveReader", l.RemoveReader(fd), false)
	isEqual(t, what+", RemoveWriter", l.RemoveWriter(fd), false)
}

// wantShared wants the descriptor of a transport to be watched by anybody.
func wantShared(t *testing.T, what string, l *engine.Loop, fd engine.FD) {
	t.Helper()
	isEqual(t, what+", RemoveReader of none", l.RemoveReader(fd), false)
	isEqual(t, what+", RemoveWriter of none", l.RemoveWriter(fd), false)
	for range 2 { // the second time in place of the first
		must(t, l.AddReader(fd, nop))
		must(t, l.AddWriter(fd, nop))
	}
	isEqual(t, what+", RemoveReader", l.RemoveReader(fd), true)
	isEqual(t, what+", RemoveWriter", l.RemoveWriter(fd), true)
}

// successor is a file that is about to get the number of a transport that is gone.
type successor struct {
	t          *testing.T
	file, peer int
}

// closable is a transport of any kind.
type closable interface {
	Close()
	Abort()
}

func newSuccessor(t *testing.T) *successor {
	t.Helper()
	a, b := socketPair(t)
	return &successor{t, a, b}
}

// wantUnguarded wants the number to be free for the file, whatever is done to the
// transport.
func (s *successor) wantUnguarded(l *engine.Loop, fd engine.FD, tr closable) {
	s.t.Helper()
	wantErr(s.t, "AddReader of nothing", l.AddReader(fd, nop), syscall.EBADF)
	must(s.t, dup(s.file, fd))
	defer syscall.Close(fd)
	reads := 0
	must(s.t, l.AddReader(fd, func() { reads++ }))
	must(s.t, l.AddWriter(fd, nop))
	tr.Close()
	tr.Abort()
	send(s.t, s.peer, "x")
	idleTurns(s.t, l)
	isEqual(s.t, "the next file is read", reads > 0, true)
	isEqual(s.t, "RemoveReader", l.RemoveReader(fd), true)
	isEqual(s.t, "RemoveWriter", l.RemoveWriter(fd), true)
}

// TestDescriptorOfAClosingTransport: it is the transport's until that is closing. Then
// anybody may watch it, with something to send and without, and all is sent. When
// ConnectionLost has returned the number is anybody's.
func TestDescriptorOfAClosingTransport(t *testing.T) {
	for _, full := range []bool{false, true} {
		next := newSuccessor(t)
		l, tap, tr, far := tapped(t)
		fd := tr.ExtraInfo("socket").(*engine.TransportSocket).Fd()
		var all []byte
		if full {
			all = blocked(t, tr)
		}
		wantGuarded(t, "open", l, fd)
		tap.onLost = func() { wantShared(t, "in ConnectionLost", l, fd) }
		tr.Close()
		wantShared(t, "closing", l, fd)
		if full {
			idleTurns(t, l)
			wantShared(t, "still closing", l, fd)
		}
		untilSo(t, l, func() bool { far.read(); return tap.over })
		far.read()
		isEqual(t, "sent", far.in, tallyOf(all))
		next.wantUnguarded(l, fd, tr)
		tap.want(t, "lost")
	}
}

// TestDescriptorOfAClosingPipe is TestDescriptorOfAClosingTransport for a pipe.
func TestDescriptorOfAClosingPipe(t *testing.T) {
	next, l := newSuccessor(t), newLoop(t)
	tap, tr, far := writePipe(t, l)
	fd := viewOf(tr).Fd()
	all := stuffed(t, tr)
	tr.Close()
	wantShared(t, "closing", l, fd)
	drip(t, l, far)
	untilSo(t, l, func() bool { return tap.over })
	isEqual(t, "sent", far.in, tallyOf(all))
	next.wantUnguarded(l, fd, tr)
}

// TestDescriptorOfAClosingEndpoint is TestDescriptorOfAClosingTransport for datagrams.
func TestDescriptorOfAClosingEndpoint(t *testing.T) {
	next, l := newSuccessor(t), newLoop(t)
	g, tr, far := gramPair(t, l)
	fd := tr.ExtraInfo("socket").(*engine.TransportSocket).Fd()
	all := stuffedGrams(t, tr, engine.Addr{})
	tr.Close()
	wantShared(t, "closing", l, fd)
	untilSo(t, l, func() bool { far.read(); return g.over })
	far.wants(l, all...)
	next.wantUnguarded(l, fd, tr)
}
