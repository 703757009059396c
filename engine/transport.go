package engine

import (
	"context"

	"github.com/shardloop/shardloop/buffers"
)

// Transport is the other end of a Protocol: a connection's bytes, asyncio's
// Transport, ReadTransport and WriteTransport. All methods are loop only, but
// for Post, PostOwned, PostWait and Loop.
//
// What is written is sent in order, without blocking. The loop may hold back up
// to 16 KiB until the callback that writes, or the turn, is over, to send it with
// one system call. What the kernel does not take is the write buffer; its size
// pauses and resumes a FlowController.
type Transport interface {
	// Loop is the loop that the transport lives on, all its life.
	Loop() *Loop

	// Write sends a copy of p: write. It returns len(p), or the reason why
	// nothing was taken: ErrTransportClosing, of which the fifth is logged, or
	// ErrWriteAfterEOF.
	Write(p []byte) (int, error)
	// Writev is Write for several pieces in one call: writelines.
	Writev(bufs [][]byte) (int, error)
	// WriteOwned sends p itself, which belongs to the transport until release,
	// which may be nil, is called on the loop. After an error it is the caller's.
	WriteOwned(p []byte, release func()) error
	// Post is Write for any goroutine. It fails with ErrWouldBlock when more than
	// the high mark is on its way.
	Post(p []byte) error
	// PostOwned is WriteOwned for any goroutine, and fails as Post does. What is on
	// its way when the loop is closed, or dies, is dropped; Close calls release then,
	// or the dying loop.
	PostOwned(p []byte, release func()) error
	// PostWait is Post that waits for room until ctx ends. On a loop it is
	// ErrNotInTask: it would block that.
	PostWait(ctx context.Context, p []byte) error
	// WriteEOF ends the writing side when all was sent, and leaves reading as it
	// is: write_eof. A second call does nothing.
	WriteEOF() error
	// CanWriteEOF reports whether WriteEOF works: can_write_eof.
	CanWriteEOF() bool

	// PauseReading stops DataReceived: pause_reading. A second call does nothing.
	// The peer's end waits too, and so does a reset, which a write finds earlier.
	PauseReading()
	// ResumeReading undoes PauseReading, from the next turn on: resume_reading.
	ResumeReading()
	// IsReading reports whether reading is not paused: is_reading.
	IsReading() bool
	// Retain keeps bytes that DataReceived was given beyond its return, until the
	// Ref is released. 64 KiB and more, of which a read brings up to 256, are not
	// copied.
	Retain(p []byte) buffers.Ref

	// SetWriteBufferLimits sets the marks: set_write_buffer_limits. Default
	// stands for a mark that was not given: low is then a quarter of high, and
	// high 64 KiB, or four times low.
	SetWriteBufferLimits(high, low int) error
	// WriteBufferLimits are the marks: get_write_buffer_limits.
	WriteBufferLimits() (low, high int)
	// WriteBufferSize is how many bytes the kernel has not taken:
	// get_write_buffer_size.
	WriteBufferSize() int

	// SetTimeouts changes the timeouts, all of which count from now. It fails with
	// an *ArgError for one that is negative. A connection that is lost has none.
	SetTimeouts(t Timeouts) error
	// Timeouts are the timeouts.
	Timeouts() Timeouts

	// Close ends the connection when all was sent: close. ConnectionLost follows
	// in a later turn.
	Close()
	// Abort ends the connection and drops what the system has not taken: abort. To
	// the peer that looks like an ordinary end, unless there was input that is not
	// read. SO_LINGER makes it a reset, see examples/proxy.
	Abort()
	// IsClosing reports whether the transport is closing or lost: is_closing.
	IsClosing() bool

	// ExtraInfo is what else is known, nil for an unknown key: get_extra_info.
	// "socket" is a *TransportSocket, "sockname" and "peername" are net.Addr.
	ExtraInfo(key string) any
	// SetProtocol changes who is told of what comes next: set_protocol. It does
	// nothing once the connection is lost.
	SetProtocol(p Protocol)
	// Protocol is who is told, nil once the connection is lost: get_protocol.
	Protocol() Protocol
}

// Default stands for a mark of SetWriteBufferLimits that is not given: None.
const Default = -1

// marks are the marks that high and low stand for.
func marks(high, low int) (h, l int, err error) {
	switch {
	case high < Default:
		return 0, 0, badArg("high", "must not be negative")
	case low < Default:
		return 0, 0, badArg("low", "must not be negative")
	case high > maxMark || low > maxMark/4 && high == Default:
		return 0, 0, badArg("high", "must be less than 2 GiB")
	case high == Default && low == Default:
		high, low = defaultHigh, defaultHigh/4
	case high == Default:
		high = 4 * low
	case low == Default:
		low = high / 4
	}
	if high < low {
		return 0, 0, badArg("high", "must not be less than low")
	}
	return high, low, nil
}
