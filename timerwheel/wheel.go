package timerwheel

import "math/bits"

// ID names a live timer. IDs are dense and reused, most recently freed first,
// so that an owner can keep what belongs to a timer in a slice indexed by ID.
// After a timer was popped or cancelled its ID means nothing until Add hands
// it out again.
type ID uint32

const (
	// tickBits makes a level-0 slot 2^16 ns wide. Two radix passes of a byte
	// each then put a whole slot in order, however many timers it holds, and
	// the 48 bits above a tick are exactly eight levels of six.
	tickBits = 16

	// slotBits is the base-2 logarithm of the slots of a level: one machine
	// word says which of them are occupied.
	slotBits = 6
	slots    = 1 << slotBits

	levels = (64 - tickBits) / slotBits

	// nowSlot is the list of the keys that are in order already. It stands
	// behind the slots of the levels and has no occupancy bit.
	nowSlot = levels * slots
)

// Wheel holds timers. The zero value is an empty wheel, ready for use. A Wheel
// belongs to one goroutine at a time and must not be copied.
//
// A deadline's tick, 48 bits, is read as eight digits in base 64. The level of
// a key is the highest digit in which its tick differs from cur, and its slot
// on that level is the digit itself:
//
//	           tick <= cur          |          tick > cur
//	                                |
//	now list <--- sort --- slot  <--+-- level 0 <-- level 1 <-- ... level 7
//	(sorted)                        |      cascade, when cur enters a slot
//	late heap <--- Add of a past or current deadline out of order
//
// Invariants:
//
//   - Everything in the now list and in the late heap has tick <= cur,
//     everything on the levels has tick > cur. Slots are refilled into the now
//     list only while list and heap are empty.
//   - The slot that contains cur is empty on every level. Hence keys with equal
//     deadlines are always in the same slot, the lowest occupied level holds
//     the earliest slot, and on it the lowest occupied bit is that slot.
//   - A slot keeps its keys in the order in which they were added: keys are
//     appended, a cancelled key leaves a hole, and cascading is stable. So the
//     order of ties needs no sequence number and nothing can wrap.
//   - What is in the now list was added before anything in the late heap.
//
// cur moves forward only, except that an empty wheel starts afresh at the
// limit of the next Pop. It follows the limits given to Pop; Next moves it
// ahead of them, never past the earliest deadline, when a program keeps
// cancelling its earliest timer.
type Wheel struct {
	cur    uint64 // current tick
	n      int    // live timers
	loc    []uint32
	free   []ID
	table  []chunkInfo
	filled uint8 // levels with an occupied slot
	credit int64 // keys Next may still look at before it has to sort

	occupied [levels]uint64
	lists    [levels*slots + 1]list

	late late
	pool pool
	sort sorter
}

// New returns an empty wheel.
func New() *Wheel { return new(Wheel) }

// Len returns the number of live timers.
func (w *Wheel) Len() int { return w.n }

// Add registers a timer for the deadline when and returns its ID. Every int64
// is a deadline, also one that has passed. It costs O(1); out of order within
// the current tick, O(log of the timers so added).
func (w *Wheel) Add(when int64) ID {
	id := w.newID()
	w.n++
	w.credit += scanCredit
	w.place(id, when)
	return id
}

// Move gives a live timer a new deadline, as Cancel followed by Add would: it
// stands behind the timers that already have this deadline, but it keeps its
// ID. It reports false, and does nothing, if there is no such timer.
func (w *Wheel) Move(id ID, when int64) bool {
	if !w.live(id) {
		return false
	}
	w.credit += scanCredit
	w.unlink(id)
	w.place(id, when)
	return true
}

// Cancel removes a live timer. It reports false, and does nothing, if there is
// no such timer. It costs O(1), or O(log of its size) in the late heap.
func (w *Wheel) Cancel(id ID) bool {
	if !w.live(id) {
		return false
	}
	w.unlink(id)
	w.release(id)
	return true
}

// place files a timer under its deadline. Its former place, if it had one, is
// already given up.
func (w *Wheel) place(id ID, when int64) {
	t := tickOf(when)
	if t <= w.cur {
		w.placeNow(id, when)
		return
	}
	level := uint(bits.Len64(t^w.cur)-1) / slotBits % levels
	slot := uint(t>>(level*slotBits%64)) % slots
	w.occupied[level] |= 1 << slot
	w.filled |= 1 << level
	w.push(level*slots+slot, id, when)
}

// placeNow files a timer of the current tick or an earlier one: behind the now
// list as long as that leaves the list in order and older than the heap.
func (w *Wheel) placeNow(id ID, when int64) {
	tail := w.lists[nowSlot].tail
	if len(w.late.heap) == 0 && (tail == 0 || when >= w.lastWhen(tail)) {
		w.push(nowSlot, id, when)
		return
	}
	w.latePush(id, when)
}

// unlink takes a live timer out of the list or the heap that holds it.
func (w *Wheel) unlink(id ID) {
	at := w.loc[id]
	if at&inHeap != 0 {
		w.lateRemove(int(at &^ inHeap))
		return
	}
	w.erase(at, id)
}

// tickOf maps deadlines to ticks, in order: the sign bit is flipped so that
// the most negative deadline has tick 0.
func tickOf(when int64) uint64 {
	return (uint64(when) ^ 1<<63) >> tickBits
}
