package timerwheel

import "math/bits"

const (
	// chunkLen is the keys of a chunk: as many as a word has bits.
	chunkLen = 64

	// mergeLen is the number of live keys up to which two neighbours are made
	// one. It leaves a quarter of the chunk free, so that at least 16 Adds lie
	// between two merges at the end of a list, and keeps more than 3/8 of the
	// places of any list in use.
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
// is half a megabyte and stays in the cache.
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
// mergeLen live keys together.
type list struct {
	head, tail uint32
}

// pool holds the chunks that no list uses: spare ones with memory, vacant ones
// without. Spare ones are at most spareMin more than those in use.
type pool struct {
	used, spares  int
	spare, vacant uint32
}

// push appends a key to a list.
func (w *Wheel) push(l uint, id ID, when int64) {
	c := w.lists[l].tail
	place := chunkLen
	if c != 0 {
		place = bits.Len64(w.table[c].live)
	}
	if place == chunkLen {
		c, place = w.extend(l)
	}
	in := &w.table[c]
	in.keys.when[place&(chunkLen-1)] = when
	in.keys.id[place&(chunkLen-1)] = id
	in.live |= 1 << place
	w.loc[id] = c*chunkLen + uint32(place)
}

// extend makes room behind the last key of a list, by closing the holes of the
// last chunk if it has many, otherwise by a new chunk.
func (w *Wheel) extend(l uint) (c uint32, place int) {
	tail := w.lists[l].tail
	if tail != 0 && bits.OnesCount64(w.table[tail].live) <= mergeLen {
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

// erase takes the key at a place out of its list.
func (w *Wheel) erase(at uint32) {
	c := at / chunkLen
	in := &w.table[c]
	in.live &^= 1 << (at % chunkLen)
	switch n := bits.OnesCount64(in.live); {
	case n == 0:
		w.unchain(c)
	case n > mergeLen:
	case in.next != 0 && n+bits.OnesCount64(w.table[in.next].live) <= mergeLen:
		w.merge(c, in.next)
	case in.prev != 0 && n+bits.OnesCount64(w.table[in.prev].live) <= mergeLen:
		w.merge(in.prev, c)
	}
}

// merge moves the keys of a chunk into the one before it.
func (w *Wheel) merge(c, next uint32) {
	n := w.pack(c, c, 0)
	w.pack(next, c, n)
	w.unchain(next)
}

// pack moves the keys of a chunk, without its holes, to the places from n on
// of another or of itself, and returns the place behind them.
func (w *Wheel) pack(from, to uint32, n int) int {
	src, dst := w.table[from].keys, w.table[to].keys
	live := w.table[from].live
	w.table[from].live = 0
	for ; live != 0; live &= live - 1 {
		i := bits.TrailingZeros64(live)
		id := src.id[i]
		dst.when[n&(chunkLen-1)], dst.id[n&(chunkLen-1)] = src.when[i], id
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

// newNumber extends the table by one chunk.
func (w *Wheel) newNumber() uint32 {
	if len(w.table) == 0 {
		w.table = append(w.table, chunkInfo{})
	}
	if len(w.table) == maxChunks {
		panic("timerwheel: more timers than a wheel can hold")
	}
	w.table = append(w.table, chunkInfo{})
	return uint32(len(w.table) - 1)
}

// recycle takes back a chunk. It keeps the memory only as far as the pool is
// allowed to grow.
func (w *Wheel) recycle(c uint32) {
	p := &w.pool
	p.used--
	if p.spares < spareMin+p.used {
		w.table[c].next = p.spare
		p.spare = c
		p.spares++
		return
	}
	w.table[c] = chunkInfo{next: p.vacant}
	p.vacant = c
	w.trim()
}

// trim gives back a spare chunk while there are more than the pool may hold.
func (w *Wheel) trim() {
	p := &w.pool
	for p.spares > spareMin+p.used {
		c := p.spare
		p.spare = w.table[c].next
		p.spares--
		w.table[c] = chunkInfo{next: p.vacant}
		p.vacant = c
	}
}
