package timerwheel

import "math/bits"

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
// The answer is remembered until its timer leaves, so Next is usually a load.
// Otherwise it looks at the keys of the earliest slot, as long as the Adds and
// Moves since have paid for that; then it cascades the slot as Pop would when
// the time comes, which happens to a timer once a level at most. A program
// that always cancels its earliest timer thus pays O(1) amortised.
func (w *Wheel) Next() (when int64, ok bool) {
	if w.n == 0 {
		return 0, false
	}
	if !w.known {
		w.findEarliest()
	}
	return w.earliest, true
}

// findEarliest looks up the earliest timer of a wheel that is not empty.
func (w *Wheel) findEarliest() {
	w.known = true
	if id, when, ok := w.first(); ok {
		w.earliestID, w.earliest = id, when
		return
	}
	l, _ := w.firstSlot()
	id, when, n := w.scan(l)
	w.earliestID, w.earliest = id, when
	w.credit = min(w.credit, maxCredit*int64(w.n)) - int64(n)
	if w.credit < 0 {
		w.credit = 0
		w.cascade(l, tickOf(when))
	}
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

// scan returns the earliest key of a slot and how many there are.
func (w *Wheel) scan(l uint) (id ID, when int64, n int) {
	when = 1<<63 - 1
	for c := w.lists[l].head; c != 0; {
		in := &w.table[c]
		n += bits.OnesCount64(in.live)
		for live := in.live; live != 0; live &= live - 1 {
			i := bits.TrailingZeros64(live)
			if at := in.keys.when[i]; at <= when {
				id, when = in.keys.id[i], at
			}
		}
		c = in.next
	}
	return id, when, n
}
