package stream

import (
	"bytes"
	"testing"
)

// TestPosted: what is taken along is a copy of any size, and nothing of it is left
// for the next one.
func TestPosted(t *testing.T) {
	var q postings
	for _, size := range []int{1, 64, 65, smallPost, smallPost + 1, 1 << 20} {
		p := bytes.Repeat([]byte{byte(size)}, size)
		m := q.take()
		m.copy(p)
		want := bytes.Clone(p)
		clear(p)
		if !bytes.Equal(m.bytes(), want) {
			t.Errorf("%d bytes were not copied", size)
		}
		m.stream, m.owned, m.release, m.isOwned = &Stream{}, p, func() {}, true
		q.give(m)
		if m = q.take(); len(m.bytes()) != 0 || m.stream != nil || m.owned != nil || m.release != nil || m.isOwned {
			t.Errorf("after %d bytes: %+v", size, m)
		}
		q.give(m)
	}
}

// TestPostingsAreUsedAgain: a burst costs few allocations, the next one none, and
// more than are worth it are not kept.
func TestPostingsAreUsedAgain(t *testing.T) {
	var q postings
	burst := func(n int) {
		var all []*posted
		seen := map[*posted]bool{}
		for range n {
			m := q.take()
			if seen[m] {
				t.Fatal("one is on the way twice")
			}
			seen[m] = true
			all = append(all, m)
		}
		for _, m := range all {
			q.give(m)
		}
	}
	burst(5000)
	made := q.made
	if made < 5000 || made >= 5000+lastSlab {
		t.Errorf("%d were made for 5,000", made)
	}
	if burst(5000); q.made != made || q.used != 0 {
		t.Errorf("%d are there, %d of them used; want %d and none", q.made, q.used, made)
	}
	if n := testing.AllocsPerRun(100, func() { q.give(q.take()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if burst(mostPostings + 1); q.made != 0 || q.free != nil {
		t.Errorf("%d are kept", q.made)
	}
	burst(1)
}
