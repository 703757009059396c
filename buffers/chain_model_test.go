package buffers

import (
	"bytes"
	"fmt"
	"testing"
)

// source is where a script gets its choices: below n, from chance or a fuzzer.
type source interface{ IntN(n int) int }

// owned is memory that the chain was given: what it holds, and how many bytes
// must have been sent for its release.
type owned struct {
	data []byte
	hold string
	at   int
}

// handed is how much memory the chain was given, with a release or without, and
// how many bytes must have been sent for it to be the chain's no more.
type handed struct{ size, at int }

// chainPair runs a chain beside its specification: the bytes that are to go, in
// one slice.
type chainPair struct {
	src      source
	p        *Pool
	c        Chain
	want     []byte // to go
	sent     int    // bytes that have gone
	given    []owned
	released int // of given, from the first
	handed   []handed
	depth    int // of releases that run
	err      error
}

// fail keeps the first complaint.
func (s *chainPair) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// size chooses a length: few bytes mostly, and around those where blocks end.
func (s *chainPair) size() int {
	switch s.src.IntN(64) {
	case 0, 1, 2, 3:
		return 0
	case 4, 5, 6, 7, 8, 9, 10, 11:
		return tailBlock - 2 + s.src.IntN(5)
	case 12:
		return MaxBlock - 2 + s.src.IntN(5)
	case 13:
		return s.src.IntN(2*MaxBlock + 1)
	case 14, 15, 16, 17, 18, 19, 20, 21:
		return s.src.IntN(3 * tailBlock)
	}
	return s.src.IntN(100)
}

// step does one thing, and compares all that can be seen.
func (s *chainPair) step() {
	switch s.src.IntN(16) {
	case 0, 1, 2, 3, 4, 5:
		s.copy(s.size())
	case 6, 7, 8, 9:
		s.own(s.size())
	case 10, 11, 12:
		s.drop(min(s.size(), len(s.want)))
	case 13, 14:
		s.drop(s.src.IntN(len(s.want) + 1))
	case 15:
		s.drop(-1)
	}
	s.agree()
}

func (s *chainPair) data(n int) []byte { return text(byte(s.sent+len(s.want)), n) }

// copy appends a copy, and spoils what was copied.
func (s *chainPair) copy(n int) {
	data := s.data(n)
	s.want = append(s.want, data...)
	s.c.Copy(s.p, data)
	clear(data)
}

// own hands memory over, with a release or without.
func (s *chainPair) own(n int) {
	data := s.data(n)
	s.want = append(s.want, data...)
	s.handed = append(s.handed, handed{n, s.sent + len(s.want)})
	if s.src.IntN(4) == 0 {
		s.c.Own(s.p, data, nil)
		return
	}
	i := len(s.given)
	s.given = append(s.given, owned{data, string(data), s.sent + len(s.want)})
	s.c.Own(s.p, data, func() { s.release(i) })
}

// release is what the chain calls. The memory is its owner's again, who spoils
// it, and sometimes uses the chain.
func (s *chainPair) release(i int) {
	o := s.given[i]
	if i != s.released || o.at > s.sent {
		s.fail("release %d at %d of %d sent, want release %d", i, s.sent, o.at, s.released)
	}
	if string(o.data) != o.hold {
		s.fail("release %d: the memory was written to", i)
	}
	clear(o.data)
	s.given[i] = owned{at: o.at}
	s.released++
	s.agree()
	if s.depth < 3 && s.src.IntN(4) == 0 {
		s.depth++
		s.step()
		s.depth--
	}
}

// drop drops n bytes, or clears the chain for less than none.
func (s *chainPair) drop(n int) {
	k := n
	if n < 0 {
		k = len(s.want)
	}
	s.want, s.sent = s.want[k:], s.sent+k
	due := s.due()
	if n < 0 {
		s.c.Clear(s.p)
	} else {
		s.c.Drop(s.p, n)
	}
	if s.released < due {
		s.fail("%d releases at %d sent, want %d", s.released, s.sent, due)
	}
}

// due is how many releases there must have been.
func (s *chainPair) due() int {
	n := s.released
	for n < len(s.given) && s.given[n].at <= s.sent {
		n++
	}
	return n
}

// agree compares. Within a release others may still be due.
func (s *chainPair) agree() {
	room := s.src.IntN(1 << 12)
	pieces, size := s.c.View(make([][]byte, 0, room))
	got := bytes.Join(pieces, nil)
	switch {
	case s.c.Len() != len(s.want):
		s.fail("Len = %d, want %d", s.c.Len(), len(s.want))
	case size != len(got) || !bytes.HasPrefix(s.want, got):
		s.fail("View has %d bytes, and says %d, that are not the first to go", len(got), size)
	case len(pieces) < room && len(got) < len(s.want) || len(pieces) > room:
		s.fail("View has %d of %d bytes in %d pieces, with room for %d", len(got), len(s.want), len(pieces), room)
	}
	for _, piece := range pieces {
		if len(piece) == 0 {
			s.fail("View has a piece of nothing")
		}
	}
}

// settled compares what holds outside of releases only.
func (s *chainPair) settled() {
	if due := s.due(); s.released != due {
		s.fail("%d releases at %d sent, want %d", s.released, s.sent, due)
	}
	if empty := s.c.first == nil; empty != (len(s.want) == 0) || empty != (s.c.last == nil) {
		s.fail("%d bytes to go, in %+v", len(s.want), s.c)
	}
	if len(s.want) == 0 && s.p.Used() != 0 {
		s.fail("Used = %d with nothing to go", s.p.Used())
	}
	s.owned()
}

// owned compares how much memory of others there is, which is all of a piece until
// its last byte has gone.
func (s *chainPair) owned() {
	want := 0
	for len(s.handed) > 0 && s.handed[0].at <= s.sent {
		s.handed = s.handed[1:]
	}
	for _, h := range s.handed {
		want += h.size
	}
	if s.p.Owned() != want {
		s.fail("Owned = %d, want %d", s.p.Owned(), want)
	}
}

// run does steps while more says so, then drops all.
func (s *chainPair) run(more func() bool) error {
	for s.err == nil && more() {
		s.step()
		s.settled()
	}
	for s.err == nil && len(s.want) > 0 {
		s.drop(-1)
		s.agree()
		s.settled()
	}
	if s.released != len(s.given) {
		s.fail("%d of %d released in the end", s.released, len(s.given))
	}
	return s.err
}

func TestChainAgainstModel(t *testing.T) {
	r := newRand(t)
	for _, bound := range []int{0, 16 << 10, -1} {
		s, n := &chainPair{src: r, p: NewPool(bound)}, 0
		err := s.run(func() bool { n++; return n <= steps(2000) })
		if err != nil {
			t.Errorf("bound %d, step %d: %v", bound, n, err)
		}
		if len(s.given) < steps(100) {
			t.Errorf("bound %d: only %d pieces were owned", bound, len(s.given))
		}
	}
}
