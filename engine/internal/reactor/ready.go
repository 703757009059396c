package reactor

// call is one callback with its argument: two words and an interface, so that
// scheduling a method of an existing object allocates nothing.
type call struct {
	fn  func(any)
	arg any
}

// chunkSize is how many calls a chunk has: 6 KiB, so that what a turn of few
// callbacks needs stays in the first level of the cache.
const chunkSize = 256

// spareChunks bounds what the queue keeps after a burst: 3 MiB.
const spareChunks = 512

// ready is the ready queue, in chunks that are filled one after the other. Callbacks
// are appended to next; step 4 makes what is there the batch of the turn, which fixes
// n, and step 5 runs the batch from the front.
//
//	this turn: [ batch, at -> ] [ rest ] [ rest ]    the next: [ full ] [ full ] [ next -> ]
//	                 |                                                               ^
//	                 +---- has run ----> spare ---- is filled again -----------------+
//
// An entry is cleared before it runs, so that the queue keeps nothing alive. Most
// turns need one chunk: then batch and next change places. The others are a stack,
// so that a burst writes to the memory that was read last and lies in the cache.
// Two slices of any length that change places touch twice as much, and then the
// memory behind the cache decides what a callback takes.
type ready struct {
	next  []call
	full  [][]call // filled before next
	batch []call
	at    int      // batch[at:] has still to run
	rest  [][]call // of the batch
	place int      // rest[place:] has still to run
	spare [][]call
}

func (q *ready) push(fn func(any), arg any) {
	if len(q.next) == cap(q.next) {
		q.grow()
	}
	q.next = append(q.next, call{fn, arg})
}

// pushAll is push for calls that stay the caller's.
func (q *ready) pushAll(calls []call) {
	for len(calls) > 0 {
		if len(q.next) == cap(q.next) {
			q.grow()
		}
		old := len(q.next)
		n := copy(q.next[old:cap(q.next)], calls)
		q.next, calls = q.next[:old+n], calls[n:]
	}
}

// grow begins another chunk.
func (q *ready) grow() {
	if len(q.next) > 0 {
		q.full = append(q.full, q.next)
	}
	last := len(q.spare) - 1
	if last < 0 {
		q.next = make([]call, 0, chunkSize)
		return
	}
	q.next, q.spare[last] = q.spare[last], nil
	q.spare = q.spare[:last]
}

// waiting reports whether anything is scheduled for the next turn.
func (q *ready) waiting() bool { return len(q.next) > 0 }

// turn makes what is scheduled the batch and returns its length. The batch
// before must have run.
func (q *ready) turn() int {
	n := len(q.next)
	if len(q.full) > 0 {
		n += len(q.full) * chunkSize
		q.line()
	}
	q.batch, q.next = q.next, q.batch[:0]
	q.at = 0
	return n
}

// line makes the chunks behind the first one the rest, and the first one next.
func (q *ready) line() {
	q.full = append(q.full, q.next)
	q.rest, q.full = q.full, q.rest[:0]
	q.next, q.rest[0] = q.rest[0], nil
	q.place = 1
}

// run runs the rest of the batch. A callback that panics is behind the cursor.
func (q *ready) run() {
	for {
		for q.at < len(q.batch) {
			p := &q.batch[q.at]
			q.at++
			fn, arg := p.fn, p.arg
			*p = call{}
			fn(arg)
		}
		if q.place == len(q.rest) {
			return
		}
		q.advance()
	}
}

// nextArg is the argument of the call that run comes to next; nil at the end of a
// chunk.
func (q *ready) nextArg() any {
	if q.at < len(q.batch) {
		return q.batch[q.at].arg
	}
	return nil
}

// skip takes the call of nextArg from the batch.
func (q *ready) skip() {
	q.batch[q.at] = call{}
	q.at++
}

// advance goes on with the next chunk.
func (q *ready) advance() {
	if len(q.spare) < spareChunks {
		q.spare = append(q.spare, q.batch[:0])
	}
	q.batch, q.rest[q.place] = q.rest[q.place], nil
	q.place++
	q.at = 0
}
