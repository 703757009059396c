//go:build unix

package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestPipesAreTaken(t *testing.T) {
	prove(t, "PIPE-01", testPipeOwnership)
	prove(t, "PIPE-02", testPipeKinds)
	prove(t, "PIPE-14", testPipeInfo)
}

func TestPipesAreRead(t *testing.T) {
	prove(t, "PIPE-04", testPipeEnd)
	prove(t, "PIPE-06", testPipePauses)
	prove(t, "PIPE-07", testReadPipeCloses)
}

func TestPipesAreWrittenTo(t *testing.T) {
	prove(t, "PIPE-08", testPipeFlow)
	prove(t, "PIPE-10", testPipeWriteEOF)
	prove(t, "PIPE-11", testLateWritesToPipes)
}

func TestPipesBreak(t *testing.T) {
	prove(t, "PIPE-09", testPipeReaderGone)
	prove(t, "PIPE-13", testPipeBroken)
	prove(t, "PIPE-17", testPipeFullAndGone)
}

func TestPipesClose(t *testing.T) {
	prove(t, "PIPE-12", testWritePipeCloses)
	prove(t, "PIPE-16", testPipesOfAClosedLoop)
}

// blockingPipe has two ends that block and that the runtime's poller does not know.
func blockingPipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	fds := make([]int, 2)
	must(t, syscall.Pipe(fds))
	r, w = os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// testPipeOwnership: the file is closed, and the transport's descriptor does not
// block; one that shares the open file does not either.
func testPipeOwnership(t *testing.T) {
	for name, connect := range map[string]connectPipe{"read": toRead, "write": toWrite} {
		l := newLoop(t)
		r, w := blockingPipe(t)
		if name == "write" {
			r, w = w, r
		}
		shared := dupFile(t, r)
		tap := &wireTap{}
		tr := pipeOn(t, l, connect, tap, r)
		tap.want(t, "made")
		isEqual(t, "made for", tap.tr, tr)
		isEqual(t, "protocol", tr.Protocol(), engine.Protocol(tap))
		wantErr(t, "the file", r.Close(), os.ErrClosed)
		isEqual(t, "blocks", nonblocking(t, viewOf(tr).Fd()), true)
		fd, err := engine.FDOf(shared)
		must(t, err)
		isEqual(t, "the other blocks", nonblocking(t, fd), true)
		must(t, shared.Close())
		tr.Close()
		untilSo(t, l, func() bool { return tap.over })
		tap.want(t, "lost")
		isEqual(t, "closed", isClosedPipe(t, name, w), true)
	}
}

// dupFile is another file of the same open file.
func dupFile(t testing.TB, f *os.File) *os.File {
	t.Helper()
	fd, err := engine.FDOf(f)
	must(t, err)
	fd, err = syscall.Dup(fd)
	must(t, err)
	again := os.NewFile(uintptr(fd), "again")
	t.Cleanup(func() { again.Close() })
	return again
}

// isClosedPipe reports whether the other end is gone, whichever the transport had.
func isClosedPipe(t testing.TB, had string, far *os.File) bool {
	t.Helper()
	if had == "read" {
		_, err := far.Write([]byte("x"))
		return errors.Is(err, syscall.EPIPE)
	}
	n, _ := far.Read(make([]byte, 1))
	return n == 0
}

// testPipeKinds: what is no pipe is refused and left alone, and so is what has no
// protocol.
func testPipeKinds(t *testing.T) {
	l := newLoop(t)
	dir := t.TempDir()
	regular, err := os.Create(filepath.Join(dir, "regular"))
	must(t, err)
	defer regular.Close()
	directory, err := os.Open(dir)
	must(t, err)
	defer directory.Close()
	r, _ := pipe(t)
	for _, connect := range []connectPipe{toRead, toWrite} {
		for _, f := range []*os.File{regular, directory, nil} {
			_, _, err := connect(l, t.Context(), func() engine.Protocol { t.Error("called"); return nil }, f)
			wantArgError(t, fmt.Sprint(f), err, "pipe")
		}
		_, _, err = connect(l, t.Context(), nil, r)
		wantArgError(t, "no factory", err, "f")
		_, err = pipeTried(t, l, connect, nil, r)
		if err == nil {
			t.Error("a pipe without a protocol")
		}
	}
	for _, f := range []*os.File{regular, directory, r} {
		if _, err := f.Stat(); err != nil {
			t.Errorf("%s was closed: %v", f.Name(), err)
		}
	}
	must(t, r.Close())
	_, err = pipeTried(t, l, toRead, &wireTap{}, r)
	wantErr(t, "a closed file", err, os.ErrClosed)
}

func testPipeInfo(t *testing.T) {
	l := newLoop(t)
	r, _ := pipe(t)
	tap := &wireTap{}
	tr := pipeOn(t, l, toRead, tap, r)
	view := viewOf(tr)
	isEqual(t, "name", view.Name(), r.Name())
	fd, err := engine.FDOf(view)
	must(t, err)
	isEqual(t, "descriptor", fd, view.Fd())
	for _, key := range []string{"", "socket", "sockname", "peername"} {
		isEqual(t, key, tr.ExtraInfo(key), nil)
	}
	tap.onLost = func() { isEqual(t, "in ConnectionLost", viewOf(tr).Fd(), fd) }
	tr.Close()
	untilSo(t, l, func() bool { return tap.over })
	isEqual(t, "afterwards", viewOf(tr), view)
	isEqual(t, "its descriptor", view.Fd(), -1)
	if _, err := engine.FDOf(view); !errors.Is(err, os.ErrClosed) {
		t.Errorf("FDOf: %v, want os.ErrClosed", err)
	}
}

// testPipeEnd: the transport is closing at the end, EOFReceived comes in the next
// turn, and what it returns or does keeps nothing open.
func testPipeEnd(t *testing.T) {
	l := newLoop(t)
	tap, tr, far := readPipe(t, l)
	told := failures(l)
	tap.onEnd = func() bool {
		isEqual(t, "closing", tr.IsClosing(), true)
		l.CallSoon(tap.adds("later"))
		return true
	}
	far.send("last")
	far.close()
	untilSo(t, l, tr.IsClosing)
	tap.want(t, "data")
	isEqual(t, "reading", tr.IsReading(), false)
	turn(t, l)
	tap.want(t, "eof", "lost")
	turn(t, l)
	tap.want(t, "later")
	isEqual(t, "error", tap.err, nil)
	isEqual(t, "reports", len(*told), 0)

	tap, tr, far = readPipe(t, l)
	tap.onEnd = func() bool { panic("end") }
	far.close()
	untilSo(t, l, func() bool { return tap.over })
	tap.want(t, "eof", "lost")
	isEqual(t, "error behind a panic", tap.err, nil)
	isEqual(t, "reports", len(*told), 1)
}

func testPipePauses(t *testing.T) {
	l := newLoop(t)
	tap, tr, far := readPipe(t, l)
	isEqual(t, "reading", tr.IsReading(), true)
	tr.PauseReading()
	tr.PauseReading()
	isEqual(t, "reading", tr.IsReading(), false)
	far.send("one")
	idleTurns(t, l)
	tap.want(t)
	tr.ResumeReading()
	tr.ResumeReading()
	isEqual(t, "reading", tr.IsReading(), true)
	untilSo(t, l, func() bool { return tap.got.n == 3 })
	tap.onData = func([]byte) { tr.PauseReading() }
	far.send("two")
	untilSo(t, l, func() bool { return tap.got.n == 6 })
	far.send("three")
	far.close()
	idleTurns(t, l)
	tap.want(t, "data", "data")
	tap.onData = nil
	tr.ResumeReading()
	untilSo(t, l, func() bool { return tap.over })
	tap.want(t, "data", "eof", "lost")
	isEqual(t, "received", tap.got, tallyOf([]byte("onetwothree")))
}

// testReadPipeCloses: what was not read stays in the pipe.
func testReadPipeCloses(t *testing.T) {
	for what, end := range map[string]func(engine.Transport){"close": engine.Transport.Close, "abort": engine.Transport.Abort} {
		l := newLoop(t)
		r, w := pipe(t)
		other := dupFile(t, r)
		tap := &wireTap{}
		tr := pipeOn(t, l, toRead, tap, r)
		far, rest := &wireEnd{t: t, file: w}, &wireEnd{t: t, file: other}
		tr.PauseReading()
		far.send("unread")
		turn(t, l)
		end(tr)
		end(tr)
		isEqual(t, what, tr.IsClosing(), true)
		tap.want(t, "made")
		untilSo(t, l, func() bool { return tap.over })
		tap.want(t, "lost")
		isEqual(t, what, tap.err, nil)
		rest.read()
		isEqual(t, what, rest.in, tallyOf([]byte("unread")))
		must(t, other.Close())
		isEqual(t, "the other end is told", isClosedPipe(t, "read", w), true)
	}
}

// testPipeFlow: what fits is in the pipe with the turn, the rest waits, and is all
// there in order when a reader that had stalled goes on.
func testPipeFlow(t *testing.T) {
	l := newLoop(t)
	tap, tr, far := writePipe(t, l)
	low, high := tr.WriteBufferLimits()
	isEqual(t, "marks", [2]int{low, high}, [2]int{16 << 10, 64 << 10})
	inTurn(t, l, func() { must(t, wrote(tr.Write([]byte("hello")))) })
	far.read()
	isEqual(t, "after the turn", far.in, tallyOf([]byte("hello")))
	all := append([]byte("hello"), stuffed(t, tr)...)
	for tr.WriteBufferSize() <= high {
		tap.want(t)
		p := pattern(10_000)
		must(t, wrote(tr.Write(p)))
		all = append(all, p...)
	}
	tap.want(t, "pause")
	idleTurns(t, l)
	isEqual(t, "written", far.in.n+tr.WriteBufferSize() < len(all), true)
	tap.onReady = func() { isEqual(t, "down to the low mark", tr.WriteBufferSize() <= low, true) }
	must(t, wrote(tr.Write(pattern(1<<20))))
	all = append(all, pattern(1<<20)...)
	tr.Close()
	drip(t, l, far)
	tap.want(t, "resume", "lost")
	isEqual(t, "in all", far.in, tallyOf(all))
}

// testPipeWriteEOF is a close that flushes.
func testPipeWriteEOF(t *testing.T) {
	l := newLoop(t)
	tap, tr, far := writePipe(t, l)
	isEqual(t, "CanWriteEOF", tr.CanWriteEOF(), true)
	all := stuffed(t, tr)
	must(t, tr.WriteEOF())
	must(t, tr.WriteEOF())
	isEqual(t, "closing", tr.IsClosing(), true)
	idleTurns(t, l)
	isEqual(t, "over before all was sent", tap.over, false)
	drip(t, l, far)
	isEqual(t, "in all", far.in, tallyOf(all))
	isEqual(t, "over", tap.over, true)
	isEqual(t, "error", tap.err, nil)

	tap, tr, far = writePipe(t, l)
	must(t, tr.WriteEOF())
	tap.want(t)
	turn(t, l)
	tap.want(t, "lost")
	far.read()
	isEqual(t, "an end without bytes", far.ended, true)
}

// testLateWritesToPipes: all are refused, and one is logged.
func testLateWritesToPipes(t *testing.T) {
	for what, end := range map[string]func(engine.Transport, *wireEnd){
		"closed": func(tr engine.Transport, _ *wireEnd) { tr.Close() },
		"ended":  func(tr engine.Transport, _ *wireEnd) { must(t, tr.WriteEOF()) },
		"lost":   func(_ engine.Transport, far *wireEnd) { far.close() },
	} {
		l, log := logged(t, engine.Config{})
		tap, tr, far := writePipe(t, l)
		end(tr, far)
		untilSo(t, l, tr.IsClosing)
		for i := range 10 {
			if i == 5 {
				untilSo(t, l, func() bool { return tap.over })
			}
			n, err := tr.Write([]byte("x"))
			wantErr(t, what, err, engine.ErrTransportClosing)
			isEqual(t, what, n, 0)
		}
		wantErr(t, what, tr.Post([]byte("x")), engine.ErrTransportClosing)
		isEqual(t, what, log.one(t).text, "writing to a transport that is closing")
		turn(t, l)
		isEqual(t, what, l.Stats().LateWrites, 10)
	}
}

// testPipeReaderGone: it is noticed without a write; an error is what was not sent.
func testPipeReaderGone(t *testing.T) {
	l := newLoop(t)
	told := failures(l)
	onSocket := func() (*wireTap, engine.Transport, *wireEnd) {
		near, far := fileOfSocket(t)
		tap := &wireTap{}
		tr := pipeOn(t, l, toWrite, tap, near)
		tap.want(t, "made")
		return tap, tr, far
	}
	onPipe := func() (*wireTap, engine.Transport, *wireEnd) { return writePipe(t, l) }
	for what, connect := range map[string]func() (*wireTap, engine.Transport, *wireEnd){"pipe": onPipe, "socket": onSocket} {
		tap, _, far := connect()
		idleTurns(t, l)
		far.close()
		untilSo(t, l, func() bool { return tap.over })
		tap.want(t, "lost")
		isEqual(t, what, tap.err, nil)

		tap, tr, far := connect()
		stuffed(t, tr)
		idleTurns(t, l)
		isEqual(t, what, tap.over, false)
		far.close()
		untilSo(t, l, func() bool { return tap.over })
		wantErr(t, what, tap.err, syscall.EPIPE)
	}
	isEqual(t, "reports", len(*told), 0)
}

// testPipeBroken is a write that comes before the event.
func testPipeBroken(t *testing.T) {
	l := newLoop(t)
	told := failures(l)
	tap, tr, far := writePipe(t, l)
	inTurn(t, l, func() {
		far.close()
		must(t, wrote(tr.Write([]byte("x"))))
	})
	isEqual(t, "closing", tr.IsClosing(), true)
	untilSo(t, l, func() bool { return tap.over })
	tap.want(t, "lost")
	wantErr(t, "error", tap.err, syscall.EPIPE)
	isEqual(t, "text", strings.HasPrefix(tap.err.Error(), "write pipe |1: "), true)
	isEqual(t, "reports", len(*told), 0)
}

// testPipeFullAndGone: the buffer is full in small pieces when the reader goes.
func testPipeFullAndGone(t *testing.T) {
	l := newLoop(t)
	tap, tr, far := writePipe(t, l)
	for tr.WriteBufferSize() < 1<<20 {
		must(t, wrote(tr.Write(pattern(32<<10))))
	}
	tap.want(t, "pause")
	far.close()
	turn(t, l)
	turn(t, l)
	tap.want(t, "lost")
	wantErr(t, "error", tap.err, syscall.EPIPE)
	isEqual(t, "left", tr.WriteBufferSize(), 0)
}

// testWritePipeCloses: close sends all, abort drops what the pipe had no room for.
func testWritePipeCloses(t *testing.T) {
	for _, drops := range []bool{false, true} {
		l := newLoop(t)
		tap, tr, far := writePipe(t, l)
		all := stuffed(t, tr)
		sent := len(all) - tr.WriteBufferSize()
		tr.Close()
		isEqual(t, "closing", tr.IsClosing(), true)
		if drops {
			tr.Abort()
		} else {
			sent = len(all)
		}
		drip(t, l, far)
		isEqual(t, "sent", far.in, tallyOf(all[:sent]))
		untilSo(t, l, func() bool { return tap.over })
		isEqual(t, "error", tap.err, nil)
	}
}

// testPipesOfAClosedLoop: their descriptors are closed with the loop, and they may
// still be looked at.
func testPipesOfAClosedLoop(t *testing.T) {
	l := newLoop(t)
	read, in, feeds := readPipe(t, l)
	written, out, drains := writePipe(t, l)
	stuffed(t, out)
	wantText := func(tr engine.Transport, want string) {
		t.Helper()
		isEqual(t, "text", fmt.Sprint(tr), want)
	}
	wantText(in, fmt.Sprintf("<ReadPipe |0 fd=%d open>", viewOf(in).Fd()))
	wantText(out, fmt.Sprintf("<WritePipe |1 fd=%d open>", viewOf(out).Fd()))
	must(t, l.Close())
	for _, tr := range []engine.Transport{in, out} {
		isEqual(t, "descriptor", viewOf(tr).Fd(), -1)
		tr.Close()
		tr.Abort()
		isEqual(t, "closing", tr.IsClosing(), true)
	}
	wantText(in, "<ReadPipe |0 fd=-1 closing>")
	read.want(t)
	written.want(t)
	isEqual(t, "the reader is gone", isClosedPipe(t, "read", feeds.file), true)
	drains.read()
	isEqual(t, "the writer is gone", drains.ended, true)
}
