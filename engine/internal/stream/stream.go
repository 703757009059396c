package stream

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/poller"
)

// Events is what a stream tells its owner, on the loop. None comes after Lost.
// Data, End, Buffer, Updated and Lost never come out of a call of the owner's;
// Pause and Resume come out of the writes that cause them.
type Events interface {
	// Data brings bytes that were received, valid until it returns.
	Data(p []byte)
	// Buffer returns where the next read goes, for an owner that wants to have
	// its own memory filled; Updated tells how much was.
	Buffer() []byte
	Updated(n int)
	// End tells that the peer sends no more, and returns whether the stream stays
	// open for writing.
	End() (keepOpen bool)
	// Sent tells how many bytes the kernel has just taken. It comes out of any call,
	// and must call nothing.
	Sent(n int)
	// Pause tells that more is waiting to be sent than the high mark, Resume that
	// it is down to the low mark. They alternate, Pause first.
	Pause()
	Resume()
	// Lost is the last call; err is nil for an orderly end. The descriptor is
	// closed when it returns.
	Lost(err error)
}

// Stream is one connection's bytes, embedded in its owner.
//
//	      Start              Close, or an end that is not kept open
//	new --------> open ---------------------------------> closing
//	               |                                         | all was sent
//	               | Abort, an error                         v
//	               +----------------------------------------> lost --> gone
//
// Reading and writing have their ends apart. In open, the peer's end leaves
// writing as it was (half-close), and WriteEOF leaves reading. In closing nothing
// is read, and what was written is still sent. In lost nothing is done any more:
// Lost is scheduled, and gone is what follows it, after a time of lingering for
// some.
//
// The write side:
//
//	held ----- the callback, or the turn, ends ----> the kernel
//	  |                                                  |
//	  +-- more than heldLimit: at once --> the kernel    | refuses
//	                                                     v
//	                     Writable event <------------ blocked
//
// One chain holds both: bytes that are held go out within the turn and count for
// nothing; bytes that the kernel has refused are the write buffer, which the
// marks are about. A stream is blocked exactly while the chain holds refused
// bytes, and everything written meanwhile queues behind them.
type Stream struct {
	shard  *Shard
	events Events
	token  poller.Token
	fd     int32
	state  state
	kind   Kind
	flags  flags
	low    int
	out    buffers.Chain
	err    error   // what Lost will be told
	limits *limits // nil before the first
	flight flight  // which has the high mark

	// The polls (low bits of their numbers) after which something was done last.
	readAt  uint32 // a read, or ResumeReading
	againAt uint32 // a read was asked for in the next turn
}

type state uint8

const (
	fresh state = iota
	open
	closing
	lost
	gone
	lingering // gone for the owner
)

type flags uint16

const (
	paused    flags = 1 << iota // reading, by the owner
	spent                       // an edge came while reading was paused
	further                     // something may follow a short read: an end, or urgent data
	ended                       // the peer sends no more
	blocked                     // the kernel has refused bytes
	full                        // the owner was told to pause
	finishing                   // WriteEOF was called
	finished                    // and the kernel knows
	listed                      // will be flushed at the end of the turn
	reading                     // in a callback that brings input
	buffered                    // the owner brings the memory
	aborted                     // closes without lingering
	stalled                     // waits to read until the loop has memory again
	asked                       // a read of what no poller watches is scheduled
)

func (s *Stream) is(f flags) bool { return s.flags&f != 0 }

func (s *Stream) set(f flags) { s.flags |= f }

func (s *Stream) unset(f flags) { s.flags &^= f }

// The marks of a new stream: asyncio's.
const (
	DefaultHigh = 64 << 10
	DefaultLow  = DefaultHigh / 4
)

var (
	// ErrClosing: the stream is closing or lost.
	ErrClosing = errors.New("transport is closing")
	// ErrAfterEOF: WriteEOF was called before.
	ErrAfterEOF = errors.New("write after end of file was written")
	// ErrReadOnly: the stream is the reading end of a pipe.
	ErrReadOnly = fmt.Errorf("the reading end of a pipe cannot be written to: %w", errors.ErrUnsupported)
	// ErrWouldBlock: too many bytes are on their way.
	ErrWouldBlock = errors.New("too many bytes are waiting to be sent")
)

// Init prepares a stream over a descriptor that does not block and that the
// stream owns from now on. Loop only.
func (s *Stream) Init(sh *Shard, fd int, k Kind, e Events) {
	s.shard, s.fd, s.events = sh, int32(fd), e
	s.low = DefaultLow
	s.flight.high.Store(DefaultHigh)
	s.kind = k
	s.initPipe()
	sh.stats.Open++
}

// Start begins to read, and to learn when it can write. It is the owner who has
// said before that the connection is made. It must be called also for a stream
// that was closed since Init, which may still have to send; one that is lost does
// nothing. An error is what Lost will be told, too. Loop only.
func (s *Stream) Start() error {
	if s.state >= lost || s.token != 0 {
		return nil
	}
	if err := s.attach(); err != nil {
		err = s.opError("watch", err)
		s.fail(err)
		return err
	}
	if s.state == fresh {
		s.state = open
		s.startUnwatched()
	}
	if s.limits != nil {
		s.beginLimits()
	}
	return nil
}

func (s *Stream) attach() (err error) {
	s.token, err = s.shard.reactor.Attach(int(s.fd), s, s.kind.interest())
	if s.kind.has(device) && errors.Is(err, syscall.EPERM) {
		return nil // it is always ready, as /dev/null is
	}
	return err
}

// Made runs the owner's connection_made; a panic in it is reported, and the
// stream goes on.
func (s *Stream) Made(fn func()) {
	s.shard.enter(s, inMade)
	fn()
	s.shard.leave()
}

// Owner is who is told of the stream's events.
func (s *Stream) Owner() Events { return s.events }

// Fd is the descriptor, -1 once Lost has returned.
func (s *Stream) Fd() int {
	if s.state >= gone {
		return -1
	}
	return int(s.fd)
}

// IsClosing reports whether the stream was closed, aborted or lost.
func (s *Stream) IsClosing() bool { return s.state >= closing }

// IsLost reports whether nothing is sent any more.
func (s *Stream) IsLost() bool { return s.state >= lost }

// SetBuffered says whether the owner brings the memory for reads.
func (s *Stream) SetBuffered(on bool) {
	if on {
		s.set(buffered)
	} else {
		s.unset(buffered)
	}
}

// What an event says beyond Readable.
const (
	goesFurther = poller.PeerClosed | poller.Urgent | poller.HangUp | poller.Failed
	endsOutput  = poller.HangUp | poller.Failed
)

// HandleReady acts on an event. Reading comes first; the writable side is left in
// the event, to be called with again, so that it survives a panic in between.
func (s *Stream) HandleReady(ev *poller.Event, ready poller.Ready) {
	switch {
	case s.state == lingering:
		s.discard()
		return
	case ready == poller.Writable:
		s.writable()
		return
	case s.kind.has(outward):
		s.outReady(ready)
		return
	case ready&goesFurther != 0:
		s.set(further)
	}
	if ready&(poller.Writable|endsOutput) != 0 && s.is(blocked) {
		ev.Ready = poller.Writable
	}
	s.readable()
}

// opError is err as package net would tell it.
func (s *Stream) opError(op string, err error) error {
	e := &net.OpError{Op: op, Err: err}
	if s.shard.config.Describe != nil {
		s.shard.config.Describe(s, e)
	}
	return e
}
