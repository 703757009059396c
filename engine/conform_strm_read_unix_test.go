//go:build unix

package engine_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestStreamReader(t *testing.T) {
	prove(t, "STRM-01", func(t *testing.T) {
		testStreamLimit(t, 0, 64<<10)
		testStreamLimit(t, 4, 4)
		testStreamResumedByWait(t)
	})
	prove(t, "STRM-02", func(t *testing.T) {
		testReadUntil(t)
		testReadUntilOverrun(t)
		testReadLineOverrun(t)
		testReadUntilEnd(t)
	})
	prove(t, "STRM-03", testReadExactly)
}

func TestStreamReadsAtOnce(t *testing.T) {
	prove(t, "STRM-04", testReadInProgress)
}

// testStreamLimit: paused by the first byte above twice the limit, resumed by the
// read that leaves the limit.
func testStreamLimit(t *testing.T, option, limit int) {
	s := newStream(t, option)
	for s.r.Unread() < 2*limit {
		s.comes(strings.Repeat("x", min(4096, 2*limit-s.r.Unread())))
	}
	s.wantFlow("twice the limit", 2*limit, true)
	s.comes("x")
	s.wantFlow("one more", 2*limit+1, false)
	s.far.send("yz")
	idleTurns(t, s.l)
	s.wantFlow("paused", 2*limit+1, false)
	s.wantRead("half", strings.Repeat("x", limit), s.exactly(limit))
	s.wantFlow("above the limit", limit+1, false)
	p := s.begins(s.some(1))
	s.wantFlow("at the limit", limit, true)
	s.wantText("the next", p, "x")
	s.wantRead("the rest", strings.Repeat("x", limit)+"yz", s.exactly(limit+2))
}

func (s *streamEnd) wantText(what string, g *got, text string) {
	s.t.Helper()
	if got, err := s.ends(g); got != text || err != nil {
		s.t.Errorf("%s: %q, %v, want %q", what, got, err, text)
	}
}

// testStreamResumedByWait: a read of more than the reader may hold.
func testStreamResumedByWait(t *testing.T) {
	s := newStream(t, 10)
	s.comes(strings.Repeat("x", 21))
	s.wantFlow("full", 21, false)
	g := s.begins(s.exactly(30_000))
	s.wantFlow("a read waits", 21, true)
	s.far.send(strings.Repeat("x", 29_979))
	s.wantText("all", g, strings.Repeat("x", 30_000))
}

func testReadUntil(t *testing.T) {
	s := newStream(t, 0)
	s.comes("one\ntwo\r\n\rthree")
	s.wantRead("a line", "one\n", s.line)
	s.wantRead("two bytes", "two\r\n", s.upTo("\r\n"))
	g := s.begins(s.upTo("SEP"))
	for _, part := range []string{"S", "ES", "EPS"} { // each could be its beginning
		s.far.send(part)
		idleTurns(t, s.l)
		if part != "EPS" && g.task.Done() {
			t.Errorf("it ended with %q, %v", g.text, g.err)
		}
	}
	s.wantText("in pieces", g, "\rthreeSESEP")
	s.far.send("-a;b,c;")
	s.wantRead("the first of several", "S-a;", s.upTo(",", ";"))
	s.wantRead("in another order", "b,", s.upTo(";", ","))
	s.wantRead("the default", "c;\n", func(ctx context.Context) ([]byte, error) { s.far.send("\nab"); return s.r.ReadUntil(ctx) })
	s.wantRead("the shortest", "ab", s.upTo("abc", "ab"))
	_, err := s.reads(s.upTo("x", ""))
	wantArgError(t, "an empty separator", err, "separators")
}

// testReadUntilOverrun: at the limit, and one above, and nothing is lost.
func testReadUntilOverrun(t *testing.T) {
	s := newStream(t, 5)
	s.comes("12345;123456;")
	s.wantRead("the limit", "12345;", s.upTo(";"))
	for range 2 {
		s.wantOverrun("above", 6, true, s.upTo(";"))
	}
	s.wantOverrun("the shortest", 6, true, s.upTo("6;", ";", "56;"))
	s.wantRead("all of it", "123456;", s.exactly(7))
	s.comes("123456")
	s.wantOverrun("no separator", 6, false, s.upTo(";"))
	s.wantRead("left", "123456", s.exactly(6))
	s.comes("123456ab")
	s.wantOverrun("part of a separator", 6, false, s.upTo("abc"))
	s.wantRead("left", "123456ab", s.exactly(8))
}

func testReadLineOverrun(t *testing.T) {
	s := newStream(t, 5)
	s.comes("123456\nok\n")
	s.wantOverrun("a long line", 6, true, s.line)
	s.wantRead("the next", "ok\n", s.line)
	s.comes("1234567")
	s.wantOverrun("a line without an end", 7, false, s.line)
	isEqual(t, "unread", s.r.Unread(), 0)
	s.comes("89\n")
	s.wantRead("its rest", "89\n", s.line)
	s.comes("123456\n1234\nx") // paused
	s.wantFlow("full", 13, false)
	s.wantOverrun("paused", 6, true, s.line)
	s.wantFlow("above the limit", 6, false)
	s.wantRead("the next", "1234\n", s.line)
	s.wantFlow("below", 1, true)
}

func testReadUntilEnd(t *testing.T) {
	s := newStream(t, 0)
	s.far.send("a\nb")
	s.endsInput()
	s.wantRead("a line", "a\n", s.line)
	isEqual(t, "at the end", s.r.AtEOF(), false)
	s.wantRead("the last", "b", s.line)
	isEqual(t, "at the end", s.r.AtEOF(), true)
	s.wantReadErr("the end", io.EOF, s.line)
	s.wantIncomplete("nothing", "", -1, io.EOF, s.upTo(";"))

	s = newStream(t, 0)
	s.far.send("ab;c")
	s.endsInput()
	s.wantRead("up to it", "ab;", s.upTo(";"))
	s.wantIncomplete("the end", "c", -1, io.ErrUnexpectedEOF, s.upTo(";"))
	isEqual(t, "at the end", s.r.AtEOF(), true)
}

func testReadExactly(t *testing.T) {
	s := newStream(t, 0)
	_, err := s.reads(s.exactly(-1))
	wantArgError(t, "a negative number", err, "n")
	s.wantRead("nothing", "", s.exactly(0))
	g := s.begins(s.exactly(4))
	s.far.send("abc")
	idleTurns(t, s.l)
	isEqual(t, "ended with three", g.task.Done(), false)
	s.far.send("de")
	s.wantText("four", g, "abcd")
	s.endsInput()
	s.wantIncomplete("short", "e", 2, io.ErrUnexpectedEOF, s.exactly(2))
	s.wantIncomplete("at the end", "", 2, io.EOF, s.exactly(2))
	s.wantRead("nothing", "", s.exactly(0))
}

// testReadInProgress: whatever the second one wants, and also between the first
// one's bytes and its step.
func testReadInProgress(t *testing.T) {
	s := newStream(t, 0)
	s.comes("ab")
	first := s.begins(s.exactly(4))
	for name, read := range map[string]func(context.Context) ([]byte, error){
		"Read": s.some(1), "Read of all": s.some(-1), "ReadExactly": s.exactly(1), "ReadUntil": s.upTo("b"), "ReadLine": s.line,
	} {
		s.wantReadErr(name, engine.ErrReadInProgress, read)
	}
	s.far.send("cd")
	s.wantText("the first", first, "abcd")
	s.far.send("ef")
	s.wantRead("afterwards", "ef", s.some(9))
}
