package timerwheel

// loc says where a timer is: the number of its chunk and its place in it,
//
//	31        30 ............ 6   5 ..... 0
//	inHeap=0  chunk               place
//	inHeap=1  index in the late heap
//
// or nowhere. Four bytes and not eight, because with a million timers reading
// loc is the one cache miss that Cancel and Move cannot avoid.
const (
	inHeap  = 1 << 31
	nowhere = 1<<32 - 1

	// unknown is no timer's ID.
	unknown ID = 1<<32 - 1

	// maxIDs is half a billion timers, more than 10 GB. The chunks they need
	// at the lowest occupancy and the indices of the heap fit into loc.
	maxIDs = 1 << 29

	// keepIDs bounds the tables of a wheel that became empty; larger ones are
	// dropped. 2^14 timers: 192 KiB of chunks, 128 KiB of tables.
	keepIDs = 1 << 14
)

// live reports whether id names a timer of this wheel.
func (w *Wheel) live(id ID) bool {
	return uint64(id) < uint64(len(w.loc)) && w.loc[id] != nowhere
}

// newID returns an ID that no live timer has. The free IDs are a stack of
// their own: threaded through loc, every Add after a burst would wait for the
// cache miss of the one before.
func (w *Wheel) newID() ID {
	if last := len(w.free) - 1; last >= 0 {
		id := w.free[last]
		w.free = w.free[:last]
		return id
	}
	if len(w.loc) == maxIDs {
		panic("timerwheel: more than 1<<29 timers")
	}
	w.loc = append(w.loc, nowhere)
	return ID(len(w.loc) - 1)
}

// release frees the ID of a timer that has left its list or heap.
func (w *Wheel) release(id ID) {
	w.n--
	w.loc[id] = nowhere
	w.free = append(w.free, id)
	if w.n == 0 && len(w.loc) > keepIDs {
		w.drop()
	}
}

// drop gives back the memory of an empty wheel.
func (w *Wheel) drop() {
	w.loc, w.free, w.table = nil, nil, nil
	w.late, w.pool, w.sort = late{}, pool{}, sorter{}
}
