//go:build unix

package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestTransportWrites(t *testing.T) {
	prove(t, "TRN-01", testWriteNeverBlocks)
	prove(t, "TRN-03", testWriteAfterEOF)
	prove(t, "TRN-04", testWritesAfterTheEnd)
}

func TestTransportWritesBeyond(t *testing.T) {
	prove(t, "TRN-05", testWriteAfterClose)
	prove(t, "TRN-06", testWriteCopies)
	prove(t, "TRN-07", testWritev)
}

func TestTransportWritesEnd(t *testing.T) {
	prove(t, "TRN-08", testWritevPauses)
	prove(t, "TRN-09", testWritevAfterClose)
	prove(t, "TRN-10", testWriteEOF)
}

func TestTransportWritesMuch(t *testing.T) {
	prove(t, "TRN-42", testWritesOfCallbacks)
	prove(t, "TRN-43", testManyWrites)
}

// testWriteNeverBlocks: what fits is at the other end when the turn is over, and
// the rest follows in order.
func testWriteNeverBlocks(t *testing.T) {
	l, _, tr, far := tapped(t)
	inTurn(t, l, func() { must(t, wrote(tr.Write([]byte("hello")))) })
	far.read()
	isEqual(t, "after the turn", far.in, tallyOf([]byte("hello")))
	must(t, wrote(tr.Write([]byte(" there"))))
	far.read()
	isEqual(t, "outside of a turn", far.in, tallyOf([]byte("hello there")))
	all := append([]byte("hello there"), blocked(t, tr)...)
	n, err := tr.Write(pattern(100_000))
	if n != 100_000 || err != nil {
		t.Errorf("a full write returns %d, %v", n, err)
	}
	must(t, wrote(tr.Write(nil)))
	all = append(all, pattern(100_000)...)
	far.drained(l, len(all))
	isEqual(t, "at the end", far.in, tallyOf(all))
	isEqual(t, "left", tr.WriteBufferSize(), 0)
}

func testWriteAfterEOF(t *testing.T) {
	_, _, tr, _ := tapped(t)
	must(t, tr.WriteEOF())
	for _, p := range [][]byte{[]byte("x"), nil} {
		n, err := tr.Write(p)
		wantErr(t, "Write", err, engine.ErrWriteAfterEOF)
		isEqual(t, "taken", n, 0)
		wantErr(t, "Writev", wrote(tr.Writev([][]byte{p})), engine.ErrWriteAfterEOF)
		wantErr(t, "WriteOwned", tr.WriteOwned(p, func() { t.Error("released what it refused") }), engine.ErrWriteAfterEOF)
	}
}

// testWritesAfterTheEnd: all are refused, one is logged.
func testWritesAfterTheEnd(t *testing.T) {
	for what, end := range map[string]func(engine.Transport){"closed": engine.Transport.Close, "aborted": engine.Transport.Abort} {
		l, log := logged(t, engine.Config{})
		w := &wireTap{}
		tr, _ := wired(t, l, w)
		end(tr)
		for i := range 20 {
			if i == 10 {
				untilSo(t, l, func() bool { return w.over })
			}
			wantErr(t, what, wrote(tr.Write([]byte("x"))), engine.ErrTransportClosing)
			must(t, wrote(tr.Write(nil)))
			if want := i / 4; i < 9 && len(log.list) != min(want, 1) {
				t.Errorf("%s: %d records after %d writes", what, len(log.list), i+1)
			}
		}
		r := log.one(t)
		isEqual(t, "text", r.text, "writing to a transport that is closing")
		isEqual(t, "transport", r.attrs["transport"], any(tr))
	}
}

// testWriteAfterClose: asyncio would send it, by accident.
func testWriteAfterClose(t *testing.T) {
	l, w, tr, far := tapped(t)
	all := blocked(t, tr)
	tr.Close()
	wantErr(t, "Write", wrote(tr.Write([]byte("extra"))), engine.ErrTransportClosing)
	wantErr(t, "WriteOwned", tr.WriteOwned([]byte("extra"), nil), engine.ErrTransportClosing)
	wantErr(t, "Post", tr.Post([]byte("extra")), engine.ErrTransportClosing)
	untilSo(t, l, func() bool { far.read(); return w.over && far.ended })
	isEqual(t, "at the end", far.in, tallyOf(all))
}

// testWriteCopies: Write leaves the caller its memory, WriteOwned takes it until
// the release, which comes once and in its order.
func testWriteCopies(t *testing.T) {
	l, w, tr, far := tapped(t)
	all := blocked(t, tr)
	p, own := []byte("first"), []byte("second")
	must(t, wrote(tr.Write(p)))
	must(t, wrote(tr.Writev([][]byte{p, p})))
	must(t, tr.WriteOwned(own, w.adds("release")))
	must(t, tr.WriteOwned(nil, w.adds("release of nothing")))
	copy(p, "XXXXX")
	copy(own, "S")
	w.want(t)
	all = append(all, "firstfirstfirstSecond"...)
	far.drained(l, len(all))
	isEqual(t, "at the end", far.in, tallyOf(all))
	turn(t, l)
	w.want(t, "release", "release of nothing")
	blocked(t, tr)
	must(t, tr.WriteOwned(own, w.adds("release")))
	tr.Abort()
	w.want(t, "release")
}

func testWritev(t *testing.T) {
	l, _, tr, far := tapped(t)
	n, err := tr.Writev(nil)
	if n != 0 || err != nil {
		t.Errorf("no pieces: %d, %v", n, err)
	}
	var pieces [][]byte
	for i := range 3000 { // more than one system call takes
		pieces = append(pieces, pattern(i%7*100))
	}
	all := tallyOf(pieces...)
	inTurn(t, l, func() {
		n, err := tr.Writev(pieces)
		if n != all.n || err != nil {
			t.Errorf("%d of %d, %v", n, all.n, err)
		}
	})
	far.drained(l, all.n)
	isEqual(t, "at the end", far.in, all)
}

// testWritevPauses: asyncio 3.13.0 forgets to.
func testWritevPauses(t *testing.T) {
	_, w, tr, _ := tapped(t)
	blocked(t, tr)
	w.journal.lines = nil
	must(t, tr.SetWriteBufferLimits(tr.WriteBufferSize()+10, 0))
	must(t, wrote(tr.Writev([][]byte{pattern(4), pattern(6)})))
	w.want(t)
	must(t, wrote(tr.Writev([][]byte{nil, pattern(1)})))
	w.want(t, "pause")
}

func testWritevAfterClose(t *testing.T) {
	l, w, tr, far := tapped(t)
	tr.Close()
	n, err := tr.Writev([][]byte{[]byte("x")})
	wantErr(t, "Writev", err, engine.ErrTransportClosing)
	isEqual(t, "taken", n, 0)
	must(t, wrote(tr.Writev([][]byte{nil, {}})))
	untilSo(t, l, func() bool { far.read(); return w.over && far.ended })
	isEqual(t, "sent", far.in.n, 0)
}

// testWriteEOF: what is queued comes first; reading goes on.
func testWriteEOF(t *testing.T) {
	l, w, tr, far := tapped(t)
	all := blocked(t, tr)
	must(t, tr.WriteEOF())
	must(t, tr.WriteEOF())
	untilSo(t, l, func() bool { far.read(); return far.ended })
	isEqual(t, "at the end", far.in, tallyOf(all))
	if tr.IsClosing() || !tr.IsReading() || !tr.CanWriteEOF() {
		t.Error("it closes")
	}
	w.lines = nil
	far.send("still here")
	turn(t, l)
	w.want(t, "data")
	tr.Close()
	must(t, tr.WriteEOF())
	untilSo(t, l, func() bool { return w.over })
	w.want(t, "lost")
	must(t, tr.WriteEOF())
}

func testWritesOfCallbacks(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	say := func(text string) { must(t, wrote(w.tr.Write([]byte(text)))) }
	w.onMade = func() { say("made ") }
	w.onData = func(p []byte) { say("got "); say(string(p)) }
	w.onEnd = func() bool { say("eof"); return false }
	_, far := wired(t, l, w)
	far.read()
	isEqual(t, "of connection_made", far.in, tallyOf([]byte("made ")))
	far.send("it ")
	turn(t, l)
	must(t, far.s.Shutdown(engine.ShutWR))
	untilSo(t, l, func() bool { far.read(); return far.ended })
	isEqual(t, "in all", far.in, tallyOf([]byte("made got it eof")))
}

// testManyWrites queues all before the other end reads any. The large ones are
// not copied, which would take a gigabyte.
func testManyWrites(t *testing.T) {
	const writes, size = 10_000, 100 << 10
	l, w, tr, far := tapped(t)
	mem, want, small := pattern(1<<20), tally{}, 0
	for i := range writes {
		p := mem[i*37%(1<<20-size):][:size]
		must(t, tr.WriteOwned(p, func() { small++ }))
		must(t, wrote(tr.Write(p[:i%100])))
		want.add(p)
		want.add(p[:i%100])
	}
	far.drained(l, want.n)
	turn(t, l)
	isEqual(t, "at the end", far.in, want)
	isEqual(t, "released", small, writes)
	w.want(t, "pause", "resume")
	isEqual(t, "left", tr.WriteBufferSize(), 0)
}
