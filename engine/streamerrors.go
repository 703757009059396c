package engine

import (
	"fmt"
	"io"
)

// IncompleteReadError: the stream ended before all was there that ReadExactly or
// ReadUntil wants. It is asyncio's exception of that name. As with io.ReadFull it
// is io.ErrUnexpectedEOF to errors.Is, or io.EOF when nothing was there.
type IncompleteReadError struct {
	Partial  []byte // what there was, which the caller owns; it is read
	Expected int    // the bytes that ReadExactly wanted; -1 for ReadUntil
}

// Error tells the numbers.
func (e *IncompleteReadError) Error() string {
	if e.Expected < 0 {
		return fmt.Sprintf("%d bytes read on a total of undefined expected bytes", len(e.Partial))
	}
	return fmt.Sprintf("%d bytes read on a total of %d expected bytes", len(e.Partial), e.Expected)
}

// Unwrap is what io.ReadFull would have returned.
func (e *IncompleteReadError) Unwrap() error {
	if len(e.Partial) == 0 {
		return io.EOF
	}
	return io.ErrUnexpectedEOF
}

// LimitOverrunError: what ReadUntil or ReadLine would have returned is longer than
// the limit of the reader. It is asyncio's exception of that name.
type LimitOverrunError struct {
	// Consumed is how many bytes lie ahead of a separator that was found, or in
	// which there is none. ReadUntil leaves them to be read; ReadLine drops them.
	Consumed int
	// Found reports whether the separator was there.
	Found bool
}

// Error tells which of the two it was.
func (e *LimitOverrunError) Error() string {
	if e.Found {
		return "separator is found, but chunk is longer than limit"
	}
	return "separator is not found, and chunk exceeds the limit"
}
