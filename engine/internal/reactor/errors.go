package reactor

import "errors"

var (
	// ErrClosed: the reactor is closed.
	ErrClosed = errors.New("event loop is closed")

	// ErrRunning: the call is for a reactor that does not run, and it runs.
	ErrRunning = errors.New("event loop is already running")

	// ErrDied: a callback ended the loop's goroutine by runtime.Goexit. The
	// reactor can only be closed.
	ErrDied = errors.New("event loop died: a callback ended its goroutine")

	// ErrInUse: somebody else of this loop watches the descriptor.
	ErrInUse = errors.New("descriptor is in use by another call, reader, writer or transport of the loop")

	// ErrStaleDescriptor is reported when a registered descriptor was closed
	// while a duplicate of it lives on, so that the kernel goes on reporting
	// it. The reactor has made a new kernel set without it.
	ErrStaleDescriptor = errors.New("descriptor closed while it was watched, and a duplicate of it lives on")
)
