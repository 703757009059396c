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

type chunk [chunkSize]call

// spareChunks bounds what the queue keeps after a burst: 3 MiB.
const spareChunks = 512

// ready is the ready queue, in chunks that are filled one after the other. Callbacks
// are appended to next; step 4 makes what is there the batch of the turn, which fixes
// how many run, and step 5 runs the batch from the front.
//
//	this turn: [ batch, at -> end ] [ rest ] [ rest ]    the next: [ full ] [ full ] [ next, n -> ]
//	                 |                                                                   ^
//	                 +---- has run ----> spare ---- is filled again ---------------------+
//
// An entry is cleared before it runs, so that the queue keeps nothing alive. Most
// turns need one chunk: then batch and next change places. The others are a stack,
// so that a burst writes to the memory that was read last and lies in the cache.
// Two slices of any length that change places touch twice as much, and then the
// memory behind the cache decides what a callback takes.
type ready struct {
	next  *chunk
	n     uint     // next[:n] is scheduled
	full  []*chunk // filled before next
	batch *chunk
	at    uint // batch[at:end] has still to run
	end   uint
	rest  []*chunk // of the batch
	place int      // rest[place:] has still to run
	last  uint     // how many the last one of rest has
	spare []*chunk
}

func newReady() ready { return ready{next: new(chunk), batch: new(chunk)} }

// add appends a call where next has room, and reports whether it has. It is small
// enough to be inlined.
func (q *ready) add(fn func(any), arg any) bool {
	n := q.n
	if n >= chunkSize {
		return false
	}
	q.next[n] = call{fn, arg}
	q.n = n + 1
	return true
}

func (q *ready) push(fn func(any), arg any) {
	if q.n == chunkSize {
		q.grow()
	}
	q.add(fn, arg)
}

// pushAll is push for calls that stay the caller's.
func (q *ready) pushAll(calls []call) {
	for len(calls) > 0 {
		if q.n == chunkSize {
			q.grow()
		}
		n := copy(q.next[q.n:], calls)
		q.n += uint(n)
		calls = calls[n:]
	}
}

// grow begins another chunk.
func (q *ready) grow() {
	q.full = append(q.full, q.next)
	q.n = 0
	last := len(q.spare) - 1
	if last < 0 {
		q.next = new(chunk)
		return
	}
	q.next, q.spare[last] = q.spare[last], nil
	q.spare = q.spare[:last]
}

// waiting reports whether anything is scheduled for the next turn.
func (q *ready) waiting() bool { return q.n > 0 }

// turn makes what is scheduled the batch and returns its length. The batch
// before must have run.
func (q *ready) turn() int {
	n := int(q.n)
	if len(q.full) > 0 {
		n += len(q.full) * chunkSize
		q.line()
	}
	q.batch, q.next = q.next, q.batch
	q.at, q.end, q.n = 0, q.n, 0
	return n
}

// line makes the chunks behind the first one the rest, and the first one next.
func (q *ready) line() {
	q.full = append(q.full, q.next)
	q.rest, q.full = q.full, q.rest[:0]
	q.next, q.rest[0] = q.rest[0], nil
	q.place = 1
	q.n, q.last = chunkSize, q.n
}

// run runs the rest of the batch. A callback that panics is behind the cursor.
func (q *ready) run() {
	for {
		for q.at < q.end {
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

// drop calls fn, unless that is nil, with the arguments of all calls, none of which
// will run.
func (q *ready) drop(fn func(any)) {
	for fn != nil {
		for q.at < q.end {
			q.at++
			fn(q.batch[q.at-1].arg)
		}
		switch {
		case q.place < len(q.rest):
			q.advance()
		case q.waiting():
			q.turn()
		default:
			return
		}
	}
}

// nextArg is the argument of the call that run comes to next; nil at the end of a
// chunk.
func (q *ready) nextArg() any {
	if q.at < q.end {
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
		q.spare = append(q.spare, q.batch)
	}
	q.batch, q.rest[q.place] = q.rest[q.place], nil
	q.place++
	q.at, q.end = 0, chunkSize
	if q.place == len(q.rest) {
		q.end = q.last
	}
}
