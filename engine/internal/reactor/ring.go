package reactor

// call is one callback with its argument: two words and an interface, so that
// scheduling a method of an existing object allocates nothing.
type call struct {
	fn  func(any)
	arg any
}

// ringStart is the first size of a ring: 64 calls fill 24 cache lines, and a
// loop that never has more ready at once never grows it.
const ringStart = 64

// ring is the ready queue: a FIFO in an array whose length is a power of two.
// head and tail only grow; their difference is the length, their low bits are
// positions. An entry is cleared when it is taken, so that the ring keeps
// nothing alive.
type ring struct {
	buf  []call
	head uint64 // the next one to run
	tail uint64 // the next free place
}

func (q *ring) len() int { return int(q.tail - q.head) }

func (q *ring) push(fn func(any), arg any) {
	if q.tail-q.head == uint64(len(q.buf)) {
		q.grow(1)
	}
	q.buf[q.tail&uint64(len(q.buf)-1)] = call{fn, arg}
	q.tail++
}

// pop takes the first entry. The ring must not be empty.
func (q *ring) pop() call {
	p := &q.buf[q.head&uint64(len(q.buf)-1)]
	c := *p
	*p = call{}
	q.head++
	return c
}

// append adds calls in order: at most two copies.
func (q *ring) append(calls []call) {
	if len(q.buf)-q.len() < len(calls) {
		q.grow(len(calls))
	}
	at := q.tail & uint64(len(q.buf)-1)
	n := copy(q.buf[at:], calls)
	copy(q.buf, calls[n:])
	q.tail += uint64(len(calls))
}

// grow makes room for n more.
func (q *ring) grow(n int) {
	size := max(ringStart, len(q.buf))
	for size < q.len()+n {
		size *= 2
	}
	buf := make([]call, size)
	if length := q.len(); length > 0 {
		at := q.head & uint64(len(q.buf)-1)
		k := copy(buf, q.buf[at:min(at+uint64(length), uint64(len(q.buf)))])
		copy(buf[k:], q.buf[:length-k])
	}
	q.tail = uint64(q.len())
	q.head = 0
	q.buf = buf
}

// clear drops all entries and the array.
func (q *ring) clear() { *q = ring{} }
