package engine

import (
	"fmt"
	"time"
)

// Timeouts are how long a connection may go without something before it is ended
// as by an error; 0 is for ever, and a negative one an *ArgError.
//
// ConnectionLost gets a *net.OpError then, whose Op is "idle", "read" or "write".
// It is ErrTimeout and os.ErrDeadlineExceeded to errors.Is, and holds a
// *TimeoutError that tells how much was not sent, and is dropped.
//
// A connection with any of them takes 138 bytes of memory more, and nothing per
// packet. Stats and ServerStats count what they have ended.
// A loop that does not read for lack of memory leaves alone who has sent something,
// see MemoryBudget.
//
// What has arrived, or can be sent, when a timeout passes goes first. Time is that
// of the loop's turns: a timeout counts from the beginning of the turn in which
// something was received or sent.
type Timeouts struct {
	// Idle: nothing was received, the peer's end included, and nothing was taken by
	// the kernel. It goes on while reading is paused and after Close.
	Idle time.Duration

	// Read: nothing was received. PauseReading ends the watch, ResumeReading begins
	// it anew; after the peer's end and after Close it is over.
	Read time.Duration

	// Write: the kernel has refused some of what was written, and has taken nothing
	// of it. It goes on after Close.
	Write time.Duration
}

// validate refuses what is negative, by the name of the field behind a prefix.
func (t Timeouts) validate(prefix string) error {
	const reason = "must not be negative"
	switch {
	case t.Idle < 0:
		return badArg(prefix+"Idle", reason)
	case t.Read < 0:
		return badArg(prefix+"Read", reason)
	case t.Write < 0:
		return badArg(prefix+"Write", reason)
	}
	return nil
}

// TimeoutError is why a connection was ended by one of its Timeouts, or by
// Config.CloseTimeout. It wraps ErrTimeout, or ErrCloseTimeout.
type TimeoutError struct {
	Unsent  int // bytes that were written, and dropped
	closing bool
}

// Error tells what is lost, too.
func (e *TimeoutError) Error() string {
	if e.Unsent == 0 {
		return e.Unwrap().Error()
	}
	return fmt.Sprintf("%v, %d bytes are dropped", e.Unwrap(), e.Unsent)
}

// Unwrap is the sentinel.
func (e *TimeoutError) Unwrap() error {
	if e.closing {
		return ErrCloseTimeout
	}
	return ErrTimeout
}

// Timeout makes the *net.OpError around it one that reports a timeout.
func (e *TimeoutError) Timeout() bool { return true }

// outOfTime is the error of a limit that has passed on a stream.
func outOfTime(limit string, unsent int) error { return &TimeoutError{unsent, limit == "close"} }
