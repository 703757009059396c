package timerwheel

import (
	"math"
	"math/bits"
)

const (
	// chunkLen is the keys of a chunk: as many as a word has bits.
	chunkLen = 64

	// mergeLen is the number of live keys up to which two neighbours become
	// one chunk, and a full last chunk is packed instead of continued. It
	// leaves a quarter of the places free, so that at least 16 Adds pay for
	// moving 48 keys, and keeps more than 3/8 of the places in use.
	mergeLen = chunkLen * 3 / 4

	// spareMin is the number of unused chunks that are kept in any case: 192
	// KiB, enough for 2^14 timers to come and go without allocating.
	spareMin = 256
)

// chunk is a run of keys. Deadlines and IDs lie apart because a scan for the
// earliest reads deadlines alone; together they are 768 bytes, one of the
// allocator's size classes, without pointers.
type chunk struct {
	when [chunkLen]int64
	id   [chunkLen]ID
}

// chunkInfo is what Cancel needs to know about a chunk. It stands apart from
// the keys so that a cancellation touches none: the table of a million timers
// is half a megabyte and stays in the cache. Moving a random one of them takes
// 79 ns so, and 108 in slots that fill the hole with their last key.
type chunkInfo struct {
	keys *chunk
	live uint64 // places in use; the others are holes or not reached yet
	next uint32
	prev uint32
	list uint32
}

// list is a slot: a chain of chunks in which the keys stand in the order of
// their registration. Chunk 0 does not exist, so the zero list is empty.
//
// Invariants: no chunk of a chain is empty, and two neighbours have more than
// mergeLen live keys together, except for the last and the one before it. That
// exception makes it cheap to cancel what was added last.
//
// The earliest deadline and one timer that has it are kept while keys come,
// and forgotten, earliest being so low that no key is before it, when that
// timer goes. The now list, whose first key is its earliest, has no use for
// them.
type list struct {
	earliest   int64
	earliestID ID
	head, tail uint32
}

// pool holds the chunks that no list uses: spare ones with memory, vacant ones
// without. Spare ones are at most spareMin and half as many as those in use.
type pool struct {
	used, spares  int
	spare, vacant uint32
}

// allowed returns how many spare chunks the pool may hold.
func (p *pool) allowed() int { return spareMin + p.used/2 }

// push appends a key to a list.
func (w *Wheel) push(l uint, id ID, when int64) {
	li := &w.lists[l]
	c := li.tail
	place := uint(chunkLen)
	if c != 0 {
		place = uint(bits.Len64(w.table[c].live))
	} else {
		li.earliest, li.earliestID = when, id
	}
	if when < li.earliest {
		li.earliest, li.earliestID = when, id
	}
	if place == chunkLen {
		c, place = w.extend(l)
	}
	place %= chunkLen
	in := &w.table[c]
	in.keys.when[place] = when
	in.keys.id[place] = id
	in.live |= 1 << place
	w.loc[id] = c*chunkLen + uint32(place)
}

// extend makes room behind the last key of a list, by closing the holes of the
// last chunk if it has many, otherwise by a new chunk.
func (w *Wheel) extend(l uint) (c uint32, place uint) {
	tail := w.lists[l].tail
	if tail != 0 && w.count(tail) <= mergeLen {
		return tail, w.pack(tail, tail, 0)
	}
	c = w.newChunk()
	in := &w.table[c]
	in.live, in.prev, in.next, in.list = 0, tail, 0, uint32(l)
	w.lists[l].tail = c
	if tail == 0 {
		w.lists[l].head = c
	} else {
		w.table[tail].next = c
	}
	return c, 0
}

// erase takes the key of a timer out of its list.
func (w *Wheel) erase(at uint32, id ID) {
	c := at / chunkLen
	in := &w.table[c]
	if li := &w.lists[in.list]; li.earliestID == id {
		li.earliest, li.earliestID = math.MinInt64, unknown
	}
	in.live &^= 1 << (at % chunkLen)
	switch n := bits.OnesCount64(in.live); {
	case n == 0:
		w.unchain(c)
	case in.next == 0 || n > mergeLen:
	case w.table[in.next].next != 0 && n+w.count(in.next) <= mergeLen:
		w.merge(c, in.next)
	case in.prev != 0 && n+w.count(in.prev) <= mergeLen:
		w.merge(in.prev, c)
	}
}

// count returns the number of live keys of a chunk.
func (w *Wheel) count(c uint32) int {
	return bits.OnesCount64(w.table[c].live)
}

// merge moves the keys of a chunk into the one before it.
func (w *Wheel) merge(c, next uint32) {
	n := w.pack(c, c, 0)
	w.pack(next, c, n)
	w.unchain(next)
}

// pack moves the keys of a chunk, without its holes, to the places from n on
// of another or of itself, and returns the place behind them.
func (w *Wheel) pack(from, to uint32, n uint) uint {
	src, dst := w.table[from].keys, w.table[to].keys
	live := w.table[from].live
	for ; live != 0; live &= live - 1 {
		i := bits.TrailingZeros64(live)
		id := src.id[i]
		dst.when[n%chunkLen], dst.id[n%chunkLen] = src.when[i], id
		w.loc[id] = to*chunkLen + uint32(n)
		n++
	}
	w.table[to].live = 1<<n - 1
	return n
}

// unchain takes a chunk out of its list. The occupancy bit goes with the last.
func (w *Wheel) unchain(c uint32) {
	in := &w.table[c]
	l := &w.lists[in.list]
	if in.prev == 0 {
		l.head = in.next
	} else {
		w.table[in.prev].next = in.next
	}
	if in.next == 0 {
		l.tail = in.prev
	} else {
		w.table[in.next].prev = in.prev
	}
	if l.head == 0 && in.list != nowSlot {
		w.vacate(uint(in.list))
	}
	w.recycle(c)
}

// vacate clears the occupancy bit of a slot.
func (w *Wheel) vacate(l uint) {
	level := l / slots
	w.occupied[level] &^= 1 << (l % slots)
	if w.occupied[level] == 0 {
		w.filled &^= 1 << level
	}
}

// lastWhen returns the last deadline of a chunk.
func (w *Wheel) lastWhen(c uint32) int64 {
	in := &w.table[c]
	return in.keys.when[(bits.Len64(in.live)-1)&(chunkLen-1)]
}

// newChunk returns an unused chunk, with the memory of a spare one if there is
// any.
func (w *Wheel) newChunk() uint32 {
	p := &w.pool
	p.used++
	if c := p.spare; c != 0 {
		p.spare = w.table[c].next
		p.spares--
		return c
	}
	c := p.vacant
	if c != 0 {
		p.vacant = w.table[c].next
	} else {
		c = w.newNumber()
	}
	w.table[c].keys = new(chunk)
	return c
}

// newNumber extends the table by one chunk. That the number fits into loc is
// newID's care: maxIDs timers never need 2^25 chunks.
func (w *Wheel) newNumber() uint32 {
	if len(w.table) == 0 {
		w.table = append(w.table, chunkInfo{})
	}
	w.table = append(w.table, chunkInfo{})
	return uint32(len(w.table) - 1)
}

// recycle takes back a chunk, and gives back the memory of those that are then
// too many.
func (w *Wheel) recycle(c uint32) {
	p := &w.pool
	p.used--
	p.spares++
	w.table[c].next = p.spare
	p.spare = c
	for p.spares > p.allowed() {
		c = p.spare
		p.spare = w.table[c].next
		p.spares--
		w.table[c] = chunkInfo{next: p.vacant}
		p.vacant = c
	}
}
