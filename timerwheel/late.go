package timerwheel

// lateKey is a timer whose deadline was not ahead of the current tick when it
// was added.
type lateKey struct {
	when int64
	seq  uint64 // of registration; 64 bits do not wrap
	id   ID
}

// late is a 4-ary heap, the earliest timer first and the older one of equals.
// Only timers that do not fit behind the now list come here, so it is small:
// deadlines of the past, and those of the current tick out of order.
type late struct {
	heap []lateKey
	seq  uint64
}

// lateArity is the children of a node. Four of them are 96 bytes, and the heap
// is half as deep as a binary one.
const lateArity = 4

// keepLate bounds the memory of an empty heap.
const keepLate = 1 << 10

func (a *lateKey) before(b *lateKey) bool {
	return a.when < b.when || a.when == b.when && a.seq < b.seq
}

// latePush adds a timer to the heap.
func (w *Wheel) latePush(id ID, when int64) {
	h := &w.late
	h.seq++
	h.heap = append(h.heap, lateKey{})
	w.lateUp(len(h.heap)-1, lateKey{when: when, seq: h.seq, id: id})
}

// lateRemove takes the key at an index out of the heap.
func (w *Wheel) lateRemove(i int) {
	h := w.late.heap
	last := len(h) - 1
	k := h[last]
	w.late.heap = h[:last]
	if last == 0 && cap(h) > keepLate {
		w.late.heap = nil
	}
	if i == last {
		return
	}
	if i > 0 && k.before(&h[(i-1)/lateArity]) {
		w.lateUp(i, k)
		return
	}
	w.lateDown(i, k)
}

// lateUp lets k rise from the free place i to where it belongs.
func (w *Wheel) lateUp(i int, k lateKey) {
	h := w.late.heap
	for i > 0 {
		parent := (i - 1) / lateArity
		if !k.before(&h[parent]) {
			break
		}
		w.latePut(i, h[parent])
		i = parent
	}
	w.latePut(i, k)
}

// lateDown lets k sink from the free place i to where it belongs.
func (w *Wheel) lateDown(i int, k lateKey) {
	h := w.late.heap
	for {
		least := i*lateArity + 1
		if least >= len(h) {
			break
		}
		end := min(least+lateArity, len(h))
		for c := least + 1; c < end; c++ {
			if h[c].before(&h[least]) {
				least = c
			}
		}
		if !h[least].before(&k) {
			break
		}
		w.latePut(i, h[least])
		i = least
	}
	w.latePut(i, k)
}

func (w *Wheel) latePut(i int, k lateKey) {
	w.late.heap[i] = k
	w.loc[k.id] = inHeap | uint32(i)
}
