package timerwheel

import (
	"fmt"
	"math"
	"math/bits"
)

// check returns the first invariant of the wheel that does not hold.
func check(w *Wheel) error {
	seen := 0
	used := 0
	for l := range w.lists {
		keys, chunks, err := checkList(w, uint(l))
		if err != nil {
			return fmt.Errorf("list %d: %w", l, err)
		}
		seen += keys
		used += chunks
	}
	if err := checkBits(w); err != nil {
		return err
	}
	if err := checkLate(w); err != nil {
		return err
	}
	if err := checkPool(w, used); err != nil {
		return err
	}
	seen += len(w.late.heap)
	if seen != w.n || w.n+len(w.free) != len(w.loc) {
		return fmt.Errorf("%d keys, %d live, %d free of %d IDs", seen, w.n, len(w.free), len(w.loc))
	}
	for _, id := range w.free {
		if w.loc[id] != nowhere {
			return fmt.Errorf("free ID %d is at %#x", id, w.loc[id])
		}
	}
	return checkEarliest(w)
}

func checkList(w *Wheel, l uint) (keys, chunks int, err error) {
	prev, before := uint32(0), chunkLen
	last := int64(-1 << 63)
	for c := w.lists[l].head; c != 0; c = w.table[c].next {
		in := &w.table[c]
		n := bits.OnesCount64(in.live)
		if in.prev != prev || uint(in.list) != l || n == 0 || in.keys == nil {
			return 0, 0, fmt.Errorf("chunk %d: %d keys, prev %d want %d, list %d", c, n, in.prev, prev, in.list)
		}
		if in.next != 0 && before+n <= mergeLen {
			return 0, 0, fmt.Errorf("chunk %d: %d and %d keys not merged", c, before, n)
		}
		for live := in.live; live != 0; live &= live - 1 {
			i := bits.TrailingZeros64(live)
			id, when := in.keys.id[i], in.keys.when[i]
			if w.loc[id] != c*chunkLen+uint32(i) {
				return 0, 0, fmt.Errorf("ID %d in chunk %d place %d, loc %#x", id, c, i, w.loc[id])
			}
			if got := listOf(w, when); got != l {
				return 0, 0, fmt.Errorf("deadline %d belongs to list %d", when, got)
			}
			if l == nowSlot && when < last {
				return 0, 0, fmt.Errorf("%d after %d in the now list", when, last)
			}
			last = when
		}
		prev, before = c, n
		keys += n
		chunks++
	}
	if w.lists[l].tail != prev {
		return 0, 0, fmt.Errorf("tail %d, last chunk %d", w.lists[l].tail, prev)
	}
	return keys, chunks, nil
}

// listOf finds the list of a deadline by dividing where the code shifts.
func listOf(w *Wheel, when int64) uint {
	t, cur := tickOf(when), w.cur
	if t <= cur {
		return nowSlot
	}
	level, digit := uint(0), t%slots
	for t/slots != cur/slots {
		t, cur = t/slots, cur/slots
		level, digit = level+1, t%slots
	}
	return level*slots + uint(digit)
}

func checkBits(w *Wheel) error {
	for l := range nowSlot {
		level, slot := l/slots, l%slots
		occupied := w.occupied[level]&(1<<slot) != 0
		if occupied != (w.lists[l].head != 0) {
			return fmt.Errorf("list %d: occupied %v, head %d", l, occupied, w.lists[l].head)
		}
	}
	for level, o := range w.occupied {
		if filled := w.filled&(1<<level) != 0; filled != (o != 0) {
			return fmt.Errorf("level %d: filled %v, occupied %#x", level, filled, o)
		}
	}
	return nil
}

func checkLate(w *Wheel) error {
	h := w.late.heap
	for i := range h {
		if at := w.loc[h[i].id]; at != inHeap|uint32(i) {
			return fmt.Errorf("heap[%d]: loc %#x", i, at)
		}
		if tickOf(h[i].when) > w.cur {
			return fmt.Errorf("heap[%d]: %d is ahead of the current tick", i, h[i].when)
		}
		if i > 0 && h[i].before(&h[(i-1)/lateArity]) {
			return fmt.Errorf("heap[%d] is before its parent", i)
		}
	}
	return nil
}

func checkPool(w *Wheel, used int) error {
	spares, vacant := 0, 0
	for c := w.pool.spare; c != 0; c = w.table[c].next {
		if w.table[c].keys == nil {
			return fmt.Errorf("spare chunk %d has no memory", c)
		}
		spares++
	}
	for c := w.pool.vacant; c != 0; c = w.table[c].next {
		if w.table[c].keys != nil {
			return fmt.Errorf("vacant chunk %d has memory", c)
		}
		vacant++
	}
	if used != w.pool.used || spares != w.pool.spares || spares > spareMin+used/2 {
		return fmt.Errorf("%d used, %d spare chunks; counted %d, %d", w.pool.used, w.pool.spares, used, spares)
	}
	if all := max(0, len(w.table)-1); used+spares+vacant != all {
		return fmt.Errorf("%d+%d+%d chunks of %d", used, spares, vacant, all)
	}
	return nil
}

// checkEarliest compares what a slot remembers with its keys.
func checkEarliest(w *Wheel) error {
	for l := range nowSlot {
		li := &w.lists[l]
		if li.head == 0 || li.earliestID == unknown && li.earliest == math.MinInt64 {
			continue
		}
		if !w.live(li.earliestID) || whenOf(w, li.earliestID) != li.earliest {
			return fmt.Errorf("list %d: earliest %d is not that of ID %d", l, li.earliest, li.earliestID)
		}
	}
	for id := range w.loc {
		if !w.live(ID(id)) || w.loc[id]&inHeap != 0 {
			continue
		}
		l := w.table[w.loc[id]/chunkLen].list
		if when := whenOf(w, ID(id)); l != nowSlot && when < w.lists[l].earliest {
			return fmt.Errorf("list %d: earliest %d, but ID %d has %d", l, w.lists[l].earliest, id, when)
		}
	}
	return nil
}

func whenOf(w *Wheel, id ID) int64 {
	at := w.loc[id]
	if at&inHeap != 0 {
		return w.late.heap[at&^inHeap].when
	}
	return w.table[at/chunkLen].keys.when[at%chunkLen]
}
