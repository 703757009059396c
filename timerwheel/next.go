package timerwheel

import (
	"math"
	"math/bits"
)

const (
	// scanCredit is the keys that Next may look at for each Add and Move
	// before it takes the slot apart; about 4 ns worth.
	scanCredit = 8

	// maxCredit bounds what can be saved up, in multiples of the live timers,
	// so that a quiet past does not pay for long scans later.
	maxCredit = 4
)

// Next returns the earliest deadline of a live timer, exactly: a cancelled
// timer never shows. It reports false if the wheel is empty.
//
// Every slot remembers its earliest deadline until that timer leaves, so Next
// is usually a few loads. Otherwise it looks at the keys of the first slot, as
// long as the Adds and Moves since have paid for that; then it cascades the
// slot before its time, which happens to a timer once a level at most. So a
// program that always cancels its earliest timer pays O(1) amortised. The price
// is that cur is ahead of the owner's time then, at the start of that slot, and
// what is added before it goes to the late heap.
func (w *Wheel) Next() (when int64, ok bool) {
	if _, when, ok = w.first(); ok || w.n == 0 {
		return when, ok
	}
	l, start := w.firstSlot()
	if w.lists[l].earliestID != unknown {
		return w.lists[l].earliest, true
	}
	n := w.findEarliest(l)
	when = w.lists[l].earliest
	w.credit = min(w.credit, maxCredit*int64(w.n)) - int64(n)
	if w.credit < 0 {
		w.credit = 0
		w.cascade(l, start)
	}
	return when, true
}

// first returns the earliest timer of the now list and the late heap. Of equal
// ones that in the list is older.
func (w *Wheel) first() (id ID, when int64, ok bool) {
	if c := w.lists[nowSlot].head; c != 0 {
		in := &w.table[c]
		i := bits.TrailingZeros64(in.live) & (chunkLen - 1)
		id, when, ok = in.keys.id[i], in.keys.when[i], true
	}
	if len(w.late.heap) > 0 {
		if k := &w.late.heap[0]; !ok || k.when < when {
			return k.id, k.when, true
		}
	}
	return id, when, ok
}

// firstSlot returns the earliest occupied slot and its first tick. There is one.
func (w *Wheel) firstSlot() (l uint, start uint64) {
	level := uint(bits.TrailingZeros8(w.filled)) & (levels - 1)
	slot := uint(bits.TrailingZeros64(w.occupied[level]))
	shift := level * slotBits
	above := w.cur >> shift >> slotBits << slotBits
	return level*slots + slot, (above | uint64(slot)) << shift
}

// findEarliest looks up the earliest key of a slot that has forgotten it, and
// returns how many keys there are.
func (w *Wheel) findEarliest(l uint) (n int) {
	li := &w.lists[l]
	li.earliest = math.MaxInt64
	for c := li.head; c != 0; {
		in := &w.table[c]
		n += bits.OnesCount64(in.live)
		for live := in.live; live != 0; live &= live - 1 {
			i := bits.TrailingZeros64(live)
			if when := in.keys.when[i]; when <= li.earliest {
				li.earliest, li.earliestID = when, in.keys.id[i]
			}
		}
		c = in.next
	}
	return n
}
