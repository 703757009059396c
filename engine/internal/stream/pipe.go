package stream

import (
	"os"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// A pipe is half a stream: one that reads has a writing side that was over from the
// beginning, and the other way round. In what else pipes differ:
//
//   - Their descriptors may be shared with other processes, the shell's terminal,
//     say, and any of them may make the open file block again. A call that might
//     block is announced to the runtime, so that the worst is a loop that waits,
//     never a process that hangs with its collector.
//   - A short read does not say that nothing is left. A terminal gives out a line at
//     a time, and a pipe a packet, if its writer has chosen so, which the reader
//     cannot see. So the kernel is asked whether there is more; where no poller
//     watches there is always another read, until one brings nothing.
//   - Nothing is read from what is written to, not even to find out whether
//     somebody still reads: the bytes of a terminal or a socket may be meant for
//     another stream, over a duplicate of it.

// initPipe ends the side that a pipe does not have.
func (s *Stream) initPipe() {
	switch {
	case s.kind.has(inward):
		s.set(further)
		s.flight.close()
	case s.kind.has(outward):
		s.set(paused) // for good: ResumeReading leaves it
	}
}

// nobodyReads are the events that say so. A terminal has them, too, but may be
// opened again; there a write tells.
const nobodyReads = poller.PeerClosed | poller.HangUp | poller.Failed

// outReady acts on an event of what is only written to.
func (s *Stream) outReady(ready poller.Ready) {
	if ready&nobodyReads != 0 && !s.kind.has(device) {
		s.broken()
	} else {
		s.writable()
	}
}

// broken ends a pipe that nobody reads any more. That is an error if there was
// something to read. What is held has its try before: the peer of a socket may
// have ended its own writing only.
func (s *Stream) broken() {
	s.flushHeld()
	var err error
	if !s.drained() {
		err = s.opError("write", os.NewSyscallError("write", syscall.EPIPE))
	}
	s.lose(err)
}

// endPipe tells of the end in the next turn, and of the loss behind it. Nothing can
// keep a pipe open that has ended.
func (s *Stream) endPipe() {
	s.mute(nil)
	_ = s.shard.reactor.Soon(tellEnd, s) // a closed loop tells nobody
	s.tellLostSoon()
}

func tellEnd(arg any) {
	s := arg.(*Stream)
	s.shard.enter(s, inEnd)
	s.events.End()
	s.shard.leave()
}

// startUnwatched begins to read from a device that no poller watches.
func (s *Stream) startUnwatched() {
	if s.token == 0 && s.kind.has(inward) {
		s.again()
	}
}

// againUnwatched asks for a read in the next turn, which may be one without a poll:
// that puts the read off to the turn after it.
func (s *Stream) againUnwatched() {
	if !s.is(asked) {
		s.set(asked)
		_ = s.shard.reactor.Soon(readUnwatched, s) // a closed loop reads nothing
	}
}

func readUnwatched(arg any) {
	s := arg.(*Stream)
	s.unset(asked)
	s.readable()
}
