//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

func TestStreamRead(t *testing.T) {
	s := newStream(t, 0)
	s.wantRead("nothing", "", s.some(0))
	g := s.begins(s.some(3))
	idleTurns(t, s.l)
	isEqual(t, "ended", g.task.Done(), false)
	s.far.send("abcdef")
	s.wantText("what there is", g, "abc")
	s.wantRead("more than there is", "def", s.some(9))
	all := s.begins(s.some(-1))
	for range 5 {
		s.far.send(strings.Repeat("x", 9000))
		idleTurns(t, s.l)
	}
	isEqual(t, "all ended", all.task.Done(), false)
	s.endsInput()
	s.wantText("all", all, strings.Repeat("x", 45_000))
	s.wantRead("all of nothing", "", s.some(-1))
	s.wantReadErr("the end", io.EOF, s.some(1))
	s.wantRead("nothing", "", s.some(0))
}

// TestStreamReadsOfAnyNumber: memory goes by what has come.
func TestStreamReadsOfAnyNumber(t *testing.T) {
	s := newStream(t, 0)
	s.comes("abc")
	s.wantRead("what there is", "abc", s.some(math.MaxInt))
	g := s.begins(s.exactly(math.MaxInt))
	s.comes("def")
	isEqual(t, "ended", g.task.Done(), false)
	s.endsInput()
	_, err := s.ends(g)
	wantErr(t, "the end", err, io.ErrUnexpectedEOF)
}

// TestStreamHighestLimit: a limit that twice is no number.
func TestStreamHighestLimit(t *testing.T) {
	s := newStream(t, math.MaxInt)
	s.comes("abc")
	isEqual(t, "reading", s.w.Transport().IsReading(), true)
	s.wantRead("what there is", "abc", s.some(3))
}

func TestStreamLines(t *testing.T) {
	s := newStream(t, 4)
	s.comes("a\nbc\n123456\nd")
	var told []string
	step := func(ctx context.Context, stop string) {
		for line, err := range s.r.Lines(ctx) {
			told = append(told, fmt.Sprintf("%s%v", line, err))
			if string(line) == stop {
				break
			}
		}
	}
	inTaskOf(t, s.l, func(ctx context.Context) { step(ctx, "a\n") })
	inTaskOf(t, s.l, func(ctx context.Context) { step(ctx, "") })
	s.endsInput()
	inTaskOf(t, s.l, func(ctx context.Context) { step(ctx, "x") })
	want := []string{"a\n<nil>", "bc\n<nil>", "separator is found, but chunk is longer than limit", "d<nil>"}
	if !slices.Equal(told, want) {
		t.Errorf("lines %q, want %q", told, want)
	}
}

// TestStreamReadAllFlow: a read of all takes what has come, so that only what came
// since pauses the transport; cancelled it leaves all to be read, and that does.
func TestStreamReadAllFlow(t *testing.T) {
	s := newStream(t, 10)
	all := s.begins(s.some(-1))
	unread := 0
	for _, c := range []struct {
		n    int
		full bool
	}{{21, true}, {1, false}, {20, false}, {21, true}, {5, false}} {
		s.comes(strings.Repeat("x", c.n))
		unread += c.n
		s.wantFlow("what has come", unread, !c.full)
		turn(t, s.l)
		s.wantFlow("the read has taken it", unread, true)
	}
	all.task.Cancel(nil)
	_, err := s.ends(all)
	wantErr(t, "the read", err, engine.ErrCancelled)
	s.wantFlow("cancelled", unread, false)
	all = s.begins(s.some(-1))
	s.wantFlow("another one", unread, true)
	s.endsInput()
	s.wantText("all", all, strings.Repeat("x", unread))
}

// TestStreamReadCancelled: one that is cancelled, or whose time is up, leaves all
// to the next.
func TestStreamReadCancelled(t *testing.T) {
	s := newStream(t, 0)
	s.comes("ab")
	g := s.begins(s.exactly(4))
	g.task.Cancel(errReason)
	_, err := s.ends(g)
	wantCancellation(t, err, errReason)
	_, err = s.reads(func(ctx context.Context) ([]byte, error) {
		ctx, cancel := engine.Timeout(ctx, time.Millisecond)
		defer cancel()
		return s.r.ReadLine(ctx)
	})
	wantErr(t, "a time limit", err, engine.ErrTimeout)
	g = s.begins(s.exactly(4))
	s.far.send("cd")
	untilSo(t, s.l, func() bool { return s.r.Unread() == 4 || g.task.Done() })
	g.task.Cancel(errReason) // too late for this wait
	text, err := s.ends(g)
	if text != "abcd" && err == nil {
		t.Errorf("cancelled after the bytes have come: %q, %v", text, err)
	}
}

// TestStreamView: what a read has returned stays as it is until the next one,
// whatever comes meanwhile.
func TestStreamView(t *testing.T) {
	s := newStream(t, 1<<20)
	s.comes("view\n")
	var view []byte
	inTaskOf(t, s.l, func(ctx context.Context) { view, _ = s.r.ReadLine(ctx) })
	n := 0
	for n < 1<<20 {
		n += s.far.write(bytes.Repeat([]byte("x"), 3000))
		turn(t, s.l)
	}
	untilSo(t, s.l, func() bool { return s.r.Unread() == n })
	newStreamOn(t, s.l, 0).comes("overwritten") // in a block of the pool
	isEqual(t, "the view", string(view), "view\n")
	_ = append(view, "over the edge"...)
	s.wantRead("the rest", strings.Repeat("x", n), s.exactly(n))
}

// TestStreamOwnsNoMemory: a reader that has nothing has no block, and all blocks go
// back.
func TestStreamOwnsNoMemory(t *testing.T) {
	s := newStream(t, 0)
	isEqual(t, "new, memory", s.r.OwnsMemory(), false)
	for range 3 {
		s.comes("line\nrest")
		s.wantRead("a line", "line\n", s.line)
		isEqual(t, "with a rest, memory", s.r.OwnsMemory(), true)
		s.wantRead("the rest", "rest", s.some(9))
		isEqual(t, "with a view, memory", s.r.OwnsMemory(), true)
		g := s.begins(s.line)
		isEqual(t, "while it waits, memory", s.r.OwnsMemory(), false)
		isEqual(t, "blocks", s.l.StreamBlocks(), 0)
		s.far.send("\n")
		s.wantText("a line", g, "\n")
	}
}

// TestStreamEndOwnsNoMemory: nobody has to read on for that, and a view outlives the
// end.
func TestStreamEndOwnsNoMemory(t *testing.T) {
	s := newStream(t, 0)
	g := s.begins(s.line)
	s.endsInput()
	_, err := s.ends(g)
	wantErr(t, "the end", err, io.EOF)
	isEqual(t, "at the end, memory", s.r.OwnsMemory(), false)
	isEqual(t, "blocks", s.l.StreamBlocks(), 0)

	s = newStream(t, 0)
	s.comes("view\n")
	var view []byte
	inTaskOf(t, s.l, func(ctx context.Context) { view, _ = s.r.ReadLine(ctx) })
	s.endsInput()
	untilSo(t, s.l, s.r.AtEOF)
	newStreamOn(t, s.l, 0).comes("other") // in a block of the pool
	isEqual(t, "the view", string(view), "view\n")
	s.wantReadErr("the end", io.EOF, s.line)
	isEqual(t, "behind the view, memory", s.r.OwnsMemory(), false)
}

// TestStreamOutside: reads, drains and waits of a goroutine that is no loop's.
func TestStreamOutside(t *testing.T) {
	s := newStream(t, 0)
	start(t, s.l)
	ctx := t.Context()
	read := func(what, text string) func([]byte, error) {
		return func(p []byte, err error) {
			t.Helper()
			if string(p) != text || err != nil {
				t.Errorf("%s: %q, %v, want %q", what, p, err, text)
			}
		}
	}
	s.far.send("line\n1234;56rest")
	read("ReadLine", "line\n")(s.r.ReadLine(ctx))
	read("ReadUntil", "1234;")(s.r.ReadUntil(ctx, []byte(";")))
	read("ReadExactly", "56")(s.r.ReadExactly(ctx, 2))
	p := make([]byte, 9)
	n, err := s.r.ReadInto(ctx, p)
	read("ReadInto", "rest")(p[:n], err)
	must(t, s.w.Drain(ctx))
	callback := make(chan error, 1)
	onLoop(t, s.l, func() {
		_, err := s.r.ReadLine(ctx)
		callback <- err
	})
	wantErr(t, "in a callback", <-callback, engine.ErrNotInTask)
	s.endsInput()
	_, err = s.r.ReadInto(ctx, p)
	wantErr(t, "at the end", err, io.EOF)
	onLoop(t, s.l, s.w.Close)
	must(t, s.w.WaitClosed(ctx))
}

// TestStreamOutsideGivesUp: what a goroutine gives up to read is there for the next
// one.
func TestStreamOutsideGivesUp(t *testing.T) {
	s := newStream(t, 0)
	start(t, s.l)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	const lines = 300
	next := 0
	for i := range lines {
		s.far.send(fmt.Sprintln(i))
		for next <= i {
			ctx := t.Context()
			if next%3 > 0 {
				ctx = over
			}
			line, err := s.r.ReadLine(ctx)
			if err != nil {
				wantErr(t, "given up", err, context.Canceled)
				line, err = s.r.ReadLine(t.Context())
				must(t, err)
			}
			isEqual(t, "line", string(line), fmt.Sprintln(next))
			next++
		}
	}
}

// TestStreamLoopClosed: who waits when the loop is closed.
func TestStreamLoopClosed(t *testing.T) {
	s := newStream(t, 0)
	reported(s.l)
	var read, drain error
	newTask(s.l, func(ctx context.Context) error {
		_, read = s.r.ReadLine(ctx)
		return read
	})
	s.fills()
	newTask(s.l, func(ctx context.Context) error {
		drain = s.w.Drain(ctx)
		return drain
	})
	turn(t, s.l)
	must(t, s.l.Close())
	wantErr(t, "a read", read, engine.ErrLoopClosed)
	wantErr(t, "a drain", drain, engine.ErrLoopClosed)
	_, err := s.r.ReadLine(t.Context())
	wantErr(t, "a read after it", err, engine.ErrLoopClosed)
}

// TestStreamReset: an error ends reads at once, those that wait too.
func TestStreamReset(t *testing.T) {
	s := newStream(t, 0)
	g := s.begins(s.line)
	must(t, wrote(s.w.Write(pattern(100))))
	turn(t, s.l)
	s.far.close() // with unread input
	_, err := s.ends(g)
	wantErr(t, "a read that waits", err, syscall.ECONNRESET)
	s.wantReadErr("a read", syscall.ECONNRESET, s.some(0))
	isEqual(t, "at the end", s.r.AtEOF(), false)
}
