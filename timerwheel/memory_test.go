package timerwheel

import (
	"testing"
	"unsafe"
)

// footprint returns the bytes that a wheel holds.
func footprint(w *Wheel) int {
	chunks := w.pool.used + w.pool.spares
	return int(unsafe.Sizeof(*w)) +
		chunks*int(unsafe.Sizeof(chunk{})) +
		cap(w.table)*int(unsafe.Sizeof(chunkInfo{})) +
		cap(w.loc)*4 + cap(w.free)*4 +
		cap(w.late.heap)*int(unsafe.Sizeof(lateKey{})) +
		(cap(w.sort.keys)+cap(w.sort.buf))*int(unsafe.Sizeof(key{}))
}

// keptBytes is what a wheel may hold without timers: spare chunks, the tables
// of keepIDs timers and the sort buffers.
const keptBytes = 1 << 20

func TestChunkFillsASizeClass(t *testing.T) {
	if n := unsafe.Sizeof(chunk{}); n != 768 {
		t.Errorf("a chunk has %d bytes", n)
	}
}

func TestMemoryPerTimer(t *testing.T) {
	const n = 200000
	r := newRand(t)
	var w Wheel
	w.Pop(0)
	for range n {
		w.Add(r.Int64N(10 * s))
	}
	if b := footprint(&w); b > 30*n+keptBytes {
		t.Errorf("%d bytes a timer after adding", b/n)
	}
	for range 5 * n {
		w.Move(ID(r.IntN(n)), r.Int64N(10*s))
	}
	if b := footprint(&w); b > 60*n+keptBytes {
		t.Errorf("%d bytes a timer after moving", b/n)
	}
	for i := range ID(n) {
		if i%50 != 0 {
			w.Cancel(i)
		}
	}
	if b := footprint(&w); b > 12*n+keptBytes {
		t.Errorf("%d bytes after cancelling all but %d", b, w.Len())
	}
	if err := check(&w); err != nil {
		t.Error(err)
	}
}

func TestBurstGivesMemoryBack(t *testing.T) {
	r := newRand(t)
	for reach, n := range map[int64]int{1: 1e5, 10 * ms: 1e5, 10 * s: 1e6} {
		var w Wheel
		for range n {
			w.Add(r.Int64N(reach))
		}
		for id := range ID(n) {
			w.Cancel(id)
		}
		if b := footprint(&w); b > keptBytes {
			t.Errorf("%d bytes after cancelling a burst within %d ns", b, reach)
		}
		for range n / 4 {
			w.Add(r.Int64N(reach))
		}
		popAll(&w, reach)
		if b := footprint(&w); b > keptBytes {
			t.Errorf("%d bytes after popping a burst within %d ns", b, reach)
		}
		if err := check(&w); err != nil {
			t.Error(err)
		}
	}
}

// The late heap and the sort buffers shrink too while a timer stays.
func TestBuffersShrink(t *testing.T) {
	var w Wheel
	w.Pop(10 * s)
	stays := w.Add(100 * s)
	for i := range int64(1 << 16) {
		w.Add(-i)
	}
	popAll(&w, 10*s)
	if c := cap(w.late.heap); c > keepLate {
		t.Errorf("the late heap keeps %d keys", c)
	}
	for range 1 << 16 {
		w.Add(20 * s)
	}
	popAll(&w, 30*s)
	if c := cap(w.sort.keys); c > keepKeys {
		t.Errorf("the sorter keeps %d keys", c)
	}
	wantIDs(t, popAll(&w, 101*s), stays)
}
