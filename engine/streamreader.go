package engine

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
)

// StreamReader is the bytes that a connection brings, for coroutines: asyncio's
// StreamReader. OpenConnection and StartServer make it.
//
// Who owns what a read returns: the slice is a view of the reader's buffer, which
// the kernel has filled. It is the caller's, to change as well, until the next
// call of any read method of this reader, and must not be used after that. To keep
// it, copy it (bytes.Clone), or read with ReadInto. In between it stays valid,
// whatever the task waits for and whatever comes.
//
// The reads wait. In a task they suspend it; elsewhere they behave as Await, and
// cost a task of the loop each. One that gives up, because it is cancelled or its
// ctx ends, leaves all to be read. Only one may be under way: another one is
// ErrReadInProgress. The other methods are loop only.
//
// Flow control goes by the limit: with more than twice as much unread the
// transport is paused, and resumed when no more than the limit is left, or when a
// read waits. So a reader holds no more than twice the limit and what one read of
// the kernel's brings, 64 KiB or what is unread, whichever is more; reads of more
// hold more. Config.MemoryLimit does not count it. What nobody reads stays in the
// kernel, and keeps the peer from sending.
//
// An error of the connection ends all reads with it, also when there is unread
// data. After the peer's end what is there is read first.
type StreamReader struct {
	loop      *Loop
	transport Transport // nil before ConnectionMade
	buffer    streamBuffer
	limit     int
	taken     int // of what is unread, by a read of all that waits for more
	err       error
	eof       bool
	paused    bool
	waiting   streamWait
}

// here reports whether the caller is a task of the reader's loop that ctx names.
func (r *StreamReader) here(ctx context.Context) bool {
	t, here := taskHere(ctx)
	return here && t.loop == r.loop
}

// elsewhere is a read for all other callers. What nobody gets is unread again.
func (r *StreamReader) elsewhere(ctx context.Context, read func(context.Context) ([]byte, error)) ([]byte, error) {
	return obtain(ctx, r.loop, read, r.buffer.giveBack)
}

// Read returns what there is, n bytes at most, and waits if there is nothing:
// read. At the end of the stream it is io.EOF. A negative n is all up to the end,
// without a limit, and no error if that is nothing. 0 is nothing, at once.
func (r *StreamReader) Read(ctx context.Context, n int) ([]byte, error) {
	if r.here(ctx) {
		return r.read(ctx, n)
	}
	return r.elsewhere(ctx, func(ctx context.Context) ([]byte, error) { return r.read(ctx, n) })
}

func (r *StreamReader) read(ctx context.Context, n int) ([]byte, error) {
	if err := r.begin(); err != nil || n == 0 {
		return nil, err
	}
	if n < 0 {
		return r.readAll(ctx)
	}
	for !r.eof && r.buffer.unread() == 0 {
		if err := r.wait(ctx); err != nil {
			return nil, err
		}
	}
	if r.buffer.unread() == 0 {
		return nil, io.EOF
	}
	return r.take(min(n, r.buffer.unread())), nil
}

// readAll takes what has come, each time that it waits for more, from the flow
// control's point of view, so that what comes next need not wait for it. Only all of
// it is read at the end.
func (r *StreamReader) readAll(ctx context.Context) (_ []byte, err error) {
	for !r.eof && err == nil {
		r.taken = r.buffer.unread()
		err = r.wait(ctx)
	}
	r.taken = 0
	if err != nil {
		r.pauseIfFull()
		return nil, err
	}
	return r.take(r.buffer.unread()), nil
}

// ReadInto is Read into the caller's memory, which the loop does not touch: it
// copies on the calling goroutine. It returns how many bytes there were, at least
// one unless p is empty.
func (r *StreamReader) ReadInto(ctx context.Context, p []byte) (int, error) {
	view, err := r.Read(ctx, len(p))
	return copy(p, view), err
}

// ReadExactly returns n bytes: readexactly. If the stream ends before, it is an
// *IncompleteReadError with what there was. The limit does not matter. A negative
// n is an *ArgError.
func (r *StreamReader) ReadExactly(ctx context.Context, n int) ([]byte, error) {
	if n < 0 {
		return nil, badArg("n", "must not be negative")
	}
	if r.here(ctx) {
		return r.readExactly(ctx, n)
	}
	return r.elsewhere(ctx, func(ctx context.Context) ([]byte, error) { return r.readExactly(ctx, n) })
}

func (r *StreamReader) readExactly(ctx context.Context, n int) ([]byte, error) {
	if err := r.begin(); err != nil {
		return nil, err
	}
	for r.buffer.unread() < n {
		if r.eof {
			return nil, r.incomplete(n)
		}
		if err := r.wait(ctx); err != nil {
			return nil, err
		}
	}
	return r.take(n), nil
}

// newline is the separator that ReadUntil has by default.
var newline = [][]byte{{'\n'}}

// ReadUntil returns all up to the first separator, with it: readuntil. Of several
// separators it is the one that ends first, and of those the shortest. None at all
// is the newline.
//
// If the stream ends before, it is an *IncompleteReadError with what there was. If
// more than the limit lies ahead of the separator, it is a *LimitOverrunError, and
// all is left to be read. An empty separator is an *ArgError.
func (r *StreamReader) ReadUntil(ctx context.Context, separators ...[]byte) ([]byte, error) {
	if len(separators) == 0 {
		separators = newline
	}
	for _, s := range separators {
		if len(s) == 0 {
			return nil, badArg("separators", "must not be empty")
		}
	}
	if r.here(ctx) {
		return r.readUntil(ctx, separators)
	}
	own := slices.Clone(separators)
	return r.elsewhere(ctx, func(ctx context.Context) ([]byte, error) { return r.readUntil(ctx, own) })
}

func (r *StreamReader) readUntil(ctx context.Context, separators [][]byte) ([]byte, error) {
	n, err := r.seek(ctx, separators)
	switch err {
	case nil:
		return r.take(n), nil
	case io.EOF:
		err = r.incomplete(-1)
	}
	return nil, err
}

// seek waits for a separator, and returns how many bytes there are with it: io.EOF
// if none comes.
func (r *StreamReader) seek(ctx context.Context, separators [][]byte) (n int, err error) {
	if err := r.begin(); err != nil {
		return 0, err
	}
	longest := longestOf(separators)
	for seen := 0; ; {
		if at, end := find(r.buffer.bytes(), seen, separators); end > 0 {
			if at > r.limit {
				return 0, &LimitOverrunError{Consumed: at, Found: true}
			}
			return end, nil
		}
		seen = max(seen, r.buffer.unread()+1-longest)
		switch {
		case seen > r.limit:
			return 0, &LimitOverrunError{Consumed: seen}
		case r.eof:
			return 0, io.EOF
		}
		if err := r.wait(ctx); err != nil {
			return 0, err
		}
	}
}

func longestOf(separators [][]byte) (n int) {
	for _, s := range separators {
		n = max(n, len(s))
	}
	return n
}

// find is where the first separator begins and ends; none begins ahead of seen.
// The end is 0 without one.
func find(p []byte, seen int, separators [][]byte) (at, end int) {
	for _, s := range separators {
		i := bytes.Index(p[seen:], s)
		if i < 0 {
			continue
		}
		from, to := seen+i, seen+i+len(s)
		if end == 0 || to < end || to == end && from > at {
			at, end = from, to
		}
	}
	return at, end
}

// ReadLine returns a line with its newline: readline. The last line may have none;
// behind it is io.EOF. If more than the limit lies ahead of the newline, it is a
// *LimitOverrunError, and the line is dropped as far as it has come.
func (r *StreamReader) ReadLine(ctx context.Context) ([]byte, error) {
	if r.here(ctx) {
		return r.readLine(ctx)
	}
	return r.elsewhere(ctx, r.readLine)
}

func (r *StreamReader) readLine(ctx context.Context) ([]byte, error) {
	n, err := r.seek(ctx, newline)
	if err == io.EOF && r.buffer.unread() > 0 {
		n, err = r.buffer.unread(), nil
	}
	if err != nil {
		if long, ok := err.(*LimitOverrunError); ok {
			r.dropLine(long)
		}
		return nil, err
	}
	return r.take(n), nil
}

// dropLine drops a line that is too long, or of one that has no end yet all there
// is.
func (r *StreamReader) dropLine(e *LimitOverrunError) {
	n := e.Consumed + len(newline[0])
	if !e.Found {
		n = r.buffer.unread()
	}
	r.buffer.drop(n)
	r.easeFlow()
}

// Lines are the lines up to the end of the stream, as ReadLine returns them, for a
// range statement: async for. An error but io.EOF comes with the last step.
func (r *StreamReader) Lines(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			line, err := r.ReadLine(ctx)
			if err == io.EOF || !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// AtEOF reports whether the stream has ended and all was read: at_eof. Loop only.
func (r *StreamReader) AtEOF() bool { return r.eof && r.buffer.unread() == 0 }

// Err is the error of the connection that ends all reads, or nil: exception. Loop
// only.
func (r *StreamReader) Err() error { return r.err }

// String shows how much is unread. Loop only.
func (r *StreamReader) String() string {
	s := fmt.Sprintf("<StreamReader %d bytes", r.buffer.unread())
	for _, f := range []struct {
		on   bool
		name string
	}{{r.eof, "eof"}, {r.paused, "paused"}, {r.waiting.task != nil, "waiting"}} {
		if f.on {
			s += " " + f.name
		}
	}
	return s + ">"
}

// begin is what every read begins with.
func (r *StreamReader) begin() error {
	if r.waiting.task != nil {
		return ErrReadInProgress
	}
	r.buffer.recall()
	return r.err
}

// wait waits until bytes have come, or the end.
func (r *StreamReader) wait(ctx context.Context) error {
	r.resume() // else nothing would come
	return cmp.Or(r.waiting.wait(ctx, taskOf(ctx)), r.err)
}

// take reads n bytes.
func (r *StreamReader) take(n int) []byte {
	p := r.buffer.take(n)
	r.easeFlow()
	return p
}

// incomplete reads all there is, which is not enough.
func (r *StreamReader) incomplete(expected int) error {
	partial := bytes.Clone(r.buffer.bytes())
	r.buffer.drop(len(partial))
	return &IncompleteReadError{partial, expected}
}

// easeFlow resumes the transport if little enough is unread.
func (r *StreamReader) easeFlow() {
	if r.paused && r.buffer.unread() <= r.limit {
		r.resume()
	}
}

func (r *StreamReader) resume() {
	if r.paused {
		r.paused = false
		r.transport.ResumeReading()
	}
}

// fed acts on bytes that have come.
func (r *StreamReader) fed(n int) {
	r.buffer.filled(n)
	r.waiting.wake()
	r.pauseIfFull()
}

// pauseIfFull pauses the transport if too much is left to be read.
func (r *StreamReader) pauseIfFull() {
	if !r.paused && r.buffer.unread()-r.taken-r.limit > r.limit { // twice the limit need not be a number
		r.paused = true
		r.transport.PauseReading()
	}
}

// end acts on the end of the stream; err is that of the connection. The room that
// was made to learn of it goes back, as there need not be another read.
func (r *StreamReader) end(err error) {
	r.buffer.ease()
	if err == nil {
		r.eof = true
	} else {
		r.err = err
	}
	r.waiting.wake()
}
