package timerwheel

import "math/bits"

// Pop removes and returns the earliest timer whose deadline is before limit:
// called until it reports false, it yields the due timers in the order of
// their deadlines, equal ones in the order of their registration. limit may go
// back and forth. The ID is free as soon as Pop returns.
//
// Pop costs O(1) amortised, counting the cascades and the sorting, however far
// limit is from that of the call before.
func (w *Wheel) Pop(limit int64) (id ID, when int64, ok bool) {
	for {
		id, when, ok = w.first()
		if ok {
			break
		}
		if !w.advance(limit) {
			return 0, 0, false
		}
	}
	if when >= limit {
		return 0, 0, false
	}
	w.unlink(id)
	w.release(id)
	return id, when, true
}

// advance moves cur towards limit by at most one occupied slot. It reports
// whether a slot was taken apart; if not, nothing on the levels is due. The
// now list and the late heap are empty.
func (w *Wheel) advance(limit int64) bool {
	last := tickOf(limit)
	if w.n == 0 {
		w.cur = last
		return false
	}
	l, start := w.firstSlot()
	if start > last {
		w.cur = max(w.cur, last)
		return false
	}
	w.cascade(l, min(last, w.target(l, start)))
	return true
}

// target returns the tick to which cur moves in order to take a slot apart.
func (w *Wheel) target(l uint, start uint64) uint64 {
	if l < slots {
		return start
	}
	if w.lists[l].earliestID == unknown {
		w.findEarliest(l)
	}
	return tickOf(w.lists[l].earliest)
}

// cascade moves cur to a tick of the first slot, at most that of its earliest
// key, and the keys of the slot to where they belong then.
func (w *Wheel) cascade(l uint, to uint64) {
	c := w.lists[l].head
	w.lists[l] = list{}
	w.vacate(l)
	w.cur = to
	for c != 0 {
		in := w.table[c]
		for live := in.live; live != 0; live &= live - 1 {
			i := bits.TrailingZeros64(live)
			if id, when := in.keys.id[i], in.keys.when[i]; tickOf(when) > to {
				w.place(id, when)
			} else {
				w.sort.keys = append(w.sort.keys, key{when, id})
			}
		}
		w.recycle(c)
		c = in.next
	}
	w.fill()
}

// fill moves the keys that were collected for the current tick to the now
// list, in order.
func (w *Wheel) fill() {
	s := &w.sort
	for _, k := range s.sorted() {
		w.push(nowSlot, k.id, k.when)
	}
	s.reset()
}
