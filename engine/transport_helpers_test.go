//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// tally is the number and the hash of bytes that went by.
type tally struct {
	n    int
	hash uint32
}

var tallyTable = crc32.MakeTable(crc32.Castagnoli)

func (s *tally) add(p []byte) { s.n, s.hash = s.n+len(p), crc32.Update(s.hash, tallyTable, p) }

// tallyOf is the tally of pieces in a row.
func tallyOf(pieces ...[]byte) (s tally) {
	for _, p := range pieces {
		s.add(p)
	}
	return s
}

func isEqual[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// pattern is n bytes that do not repeat soon.
func pattern(n int) []byte {
	b, x := make([]byte, n), uint32(n)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// wireTap is a protocol that writes down what it is told in a journal, and does
// what its functions say, of which none is needed.
type wireTap struct {
	journal
	tr     engine.Transport
	got    tally
	chunks []int // sizes of what came
	err    error // of ConnectionLost
	over   bool

	onMade           func()
	onData           func(p []byte)
	onEnd            func() bool
	onLost           func()
	onPause, onReady func()
}

func callIf(fn func()) {
	if fn != nil {
		fn()
	}
}

func (w *wireTap) ConnectionMade(tr engine.Transport) {
	w.tr = tr
	w.add("made")
	callIf(w.onMade)
}

func (w *wireTap) DataReceived(p []byte) {
	w.got.add(p)
	w.chunks = append(w.chunks, len(p))
	w.add("data")
	if w.onData != nil {
		w.onData(p)
	}
}

func (w *wireTap) EOFReceived() bool {
	w.add("eof")
	return w.onEnd != nil && w.onEnd()
}

func (w *wireTap) ConnectionLost(err error) {
	w.err, w.over = err, true
	w.add("lost")
	callIf(w.onLost)
}

func (w *wireTap) PauseWriting() {
	w.add("pause")
	callIf(w.onPause)
}

func (w *wireTap) ResumeWriting() {
	w.add("resume")
	callIf(w.onReady)
}

// fillTap is a wireTap that is a BufferedProtocol too.
type fillTap struct {
	wireTap
	memory  []byte
	hints   []int
	onAsked func() []byte
}

func (f *fillTap) GetBuffer(sizeHint int) []byte {
	f.add("get")
	f.hints = append(f.hints, sizeHint)
	if f.onAsked != nil {
		return f.onAsked()
	}
	return f.memory
}

func (f *fillTap) BufferUpdated(n int) {
	f.add(fmt.Sprint("updated ", n))
	f.got.add(f.memory[:n])
	if f.onData != nil {
		f.onData(f.memory[:n])
	}
}

// wireEnd is the other end of a transport, a bare socket that does not block, or
// the file of a pipe.
type wireEnd struct {
	t     testing.TB
	s     *engine.Socket
	file  *os.File // nil for a socket
	in    tally
	ended bool
	err   error
}

var farScratch = make([]byte, 1<<20)

// read takes what there is.
func (f *wireEnd) read() {
	for !f.ended && f.err == nil {
		n, err := syscall.Read(f.fd(), farScratch)
		switch {
		case err == syscall.EAGAIN:
			return
		case err == syscall.EINTR:
		case err != nil:
			f.err = err
		case n == 0:
			f.ended = true
		default:
			f.in.add(farScratch[:n])
		}
	}
}

// write sends as much of p as there is room for, and says how much.
func (f *wireEnd) write(p []byte) (sent int) {
	for sent < len(p) {
		n, err := syscall.Write(f.fd(), p[sent:])
		if err == syscall.EAGAIN {
			return sent
		}
		if err != syscall.EINTR {
			must(f.t, err)
			sent += n
		}
	}
	return sent
}

func (f *wireEnd) send(text string) { isEqual(f.t, "sent", f.write([]byte(text)), len(text)) }

func (f *wireEnd) fd() int {
	if f.file == nil {
		return f.s.Fd()
	}
	fd, err := engine.FDOf(f.file)
	must(f.t, err)
	return fd
}

func (f *wireEnd) close() {
	if f.file == nil {
		must(f.t, f.s.Close())
		return
	}
	must(f.t, f.file.Close())
}

// transportOn makes the transport of a socket, by turns of the loop.
func transportOn(t testing.TB, l *engine.Loop, p engine.Protocol, s *engine.Socket) engine.Transport {
	t.Helper()
	task := engine.CreateTask(l, func(ctx context.Context) (engine.Transport, error) {
		tr, _, err := l.ConnectAcceptedSocket(ctx, func() engine.Protocol { return p }, s, engine.AcceptedOptions{})
		return tr, err
	}, engine.TaskOptions{})
	untilSo(t, l, task.Done)
	tr, err := task.Result()
	must(t, err)
	return tr
}

// wired makes a transport with a protocol, and its other end.
func wired(t testing.TB, l *engine.Loop, p engine.Protocol) (engine.Transport, *wireEnd) {
	t.Helper()
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	must(t, err)
	far := &wireEnd{t: t, s: b}
	t.Cleanup(func() { must(t, b.Close()) })
	return transportOn(t, l, p, a), far
}

// tapped is wired with a new wireTap, which has told of its beginning.
func tapped(t testing.TB, config ...engine.Config) (*engine.Loop, *wireTap, engine.Transport, *wireEnd) {
	t.Helper()
	l, w := newLoop(t, config...), &wireTap{}
	tr, far := wired(t, l, w)
	w.want(t, "made")
	return l, w, tr, far
}

// untilSo runs turns until something is so.
func untilSo(t testing.TB, l *engine.Loop, so func() bool) {
	t.Helper()
	for !so() {
		turn(t, l)
		runtime.Gosched()
	}
}

// inTurn runs fn as a callback of one turn.
func inTurn(t testing.TB, l *engine.Loop, fn func()) {
	t.Helper()
	l.CallSoon(fn)
	turn(t, l)
}

// idleTurns runs a few turns, in which nothing should happen.
func idleTurns(t testing.TB, l *engine.Loop) {
	t.Helper()
	for range 5 {
		turn(t, l)
	}
}

// blocked writes to a transport, whose peer does not read, until the kernel takes
// no more, and returns all that was written.
func blocked(t testing.TB, tr engine.Transport) (all []byte) {
	t.Helper()
	must(t, tr.ExtraInfo("socket").(*engine.TransportSocket).SetOption(syscall.SOL_SOCKET, syscall.SO_SNDBUF, 4096))
	for tr.WriteBufferSize() == 0 {
		p := pattern(len(all)%1000 + 20_000)
		must(t, wrote(tr.Write(p)))
		all = append(all, p...)
	}
	return all
}

// wrote is the error of a write.
func wrote(_ int, err error) error { return err }

// drained lets the far end read until n bytes have come.
func (f *wireEnd) drained(l *engine.Loop, n int) {
	f.t.Helper()
	untilSo(f.t, l, func() bool { f.read(); return f.in.n >= n || f.ended })
}

// failures takes what the exception handler is told.
func failures(l *engine.Loop) *[]engine.ErrorContext {
	list := new([]engine.ErrorContext)
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { *list = append(*list, c) })
	return list
}

// wantFailure wants one report, of a transport and its protocol.
func wantFailure(t testing.TB, list *[]engine.ErrorContext, message string, tr engine.Transport, p any, is error) {
	t.Helper()
	if len(*list) != 1 {
		t.Fatalf("%d reports, want one: %v", len(*list), *list)
	}
	c := (*list)[0]
	*list = nil
	isEqual(t, "message", c.Message, message)
	wantErr(t, message, c.Err, is)
	if c.Transport != any(tr) || c.Protocol != p {
		t.Errorf("%s: of %v and %v, want %v and %v", message, c.Transport, c.Protocol, tr, p)
	}
}

// readSome takes a little of what there is.
func readSome(f *wireEnd) {
	n, err := syscall.Read(f.fd(), farScratch[:1000])
	if err != syscall.EAGAIN {
		must(f.t, err)
		f.in.add(farScratch[:n])
	}
}
