package stream

import (
	"os"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// heldLimit is how many bytes a stream holds back, to send them together with
// what comes after in the same turn. It never holds more than its high mark: should
// the kernel refuse all that is held, the write that passes the mark says so itself,
// before it returns, and not the end of the turn.
const heldLimit = 16 << 10

// Write queues a copy of p, to be sent in this turn if the kernel takes it. It
// returns len(p), or why nothing was taken. Loop only.
func (s *Stream) Write(p []byte) (int, error) {
	if s.joins(len(p)) {
		s.out.Copy(s.shard.pool, p)
		return len(p), nil
	}
	if err := s.writes(len(p)); err != nil || len(p) == 0 {
		return 0, err
	}
	if s.out.Len() == 0 && s.leavesAtOnce(len(p)) {
		s.sendUncopied(p)
		return len(p), nil
	}
	s.out.Copy(s.shard.pool, p)
	s.queued()
	return len(p), nil
}

// Writev is Write for several pieces. Loop only.
func (s *Stream) Writev(pieces [][]byte) (n int, err error) {
	for _, p := range pieces {
		n += len(p)
	}
	if err := s.writes(n); err != nil || n == 0 {
		return 0, err
	}
	for _, p := range pieces {
		s.out.Copy(s.shard.pool, p)
	}
	s.queued()
	return n, nil
}

// WriteOwned queues p itself, which belongs to the stream until release is
// called: when it was sent, or will never be. release is called on the loop, and
// maybe before WriteOwned returns. After an error p is still the caller's. Loop
// only.
func (s *Stream) WriteOwned(p []byte, release func()) error {
	if err := s.writes(1); err != nil {
		return err
	}
	s.guardOwn(p, release)
	if len(p) > 0 {
		s.queued()
	}
	return nil
}

// joins reports whether n bytes do nothing but join those that are held, in a callback
// that brings input: the short way of many small writes. Such a callback has a turn.
func (s *Stream) joins(n int) bool {
	held := s.out.Len()
	return held > 0 && held+n <= min(heldLimit, s.high()) &&
		s.state == open && s.flags&(reading|blocked|finishing) == reading
}

// writes is why a write of n bytes is refused, or nil. To write nothing is fine
// after Close, where it loses nothing, and an error after WriteEOF, as in asyncio.
func (s *Stream) writes(n int) error {
	switch {
	case s.kind.has(inward):
		return ErrReadOnly
	case s.is(finishing):
		return ErrAfterEOF
	case s.state >= closing && n > 0:
		s.shard.stats.LateWrites++
		return ErrClosing
	}
	return nil
}

// queued decides what becomes of bytes that were just put into the chain.
func (s *Stream) queued() {
	switch {
	case s.is(blocked):
		s.pauseIfFull()
	case s.leavesAtOnce(s.out.Len()):
		s.send()
	case !s.is(reading | listed):
		s.set(listed)
		s.shard.reactor.AtTurnEnd(s)
	}
}

// leavesAtOnce reports whether n bytes are too many to be held, or there is no
// turn to hold them in.
func (s *Stream) leavesAtOnce(n int) bool {
	return n > min(heldLimit, s.high()) || !s.shard.reactor.InTurn()
}

// Flush is the end of the turn.
func (s *Stream) Flush() {
	s.unset(listed)
	s.flushHeld()
	s.settle()
}

// flushHeld sends what is held. A stream that is lost holds nothing.
func (s *Stream) flushHeld() {
	if s.out.Len() > 0 && !s.is(blocked) {
		s.send()
	}
}

// drained reports whether all was sent that was ever accepted.
func (s *Stream) drained() bool { return s.unsent() == 0 }

// unsent is how many bytes are not sent that were accepted.
func (s *Stream) unsent() int { return s.out.Len() + int(s.flight.pending()) }

// settle does what was waiting for that.
func (s *Stream) settle() {
	switch {
	case s.state >= lost || !s.drained():
	case s.state == closing:
		s.lose(nil)
	default:
		s.finish()
	}
}

// sendUncopied gives p to the kernel with nothing before it, and copies only what
// that refuses.
func (s *Stream) sendUncopied(p []byte) {
	n, err := s.sysWrite(p)
	if s.failed(n, err) || n == len(p) {
		return
	}
	s.out.Copy(s.shard.pool, p[n:])
	if err == syscall.EAGAIN {
		s.block()
	} else {
		s.send()
	}
}

// send gives the chain to the kernel until that refuses. A write that came up
// short is followed by one that is refused, so that an edge will come.
func (s *Stream) send() {
	for s.out.Len() > 0 {
		pieces, _ := s.out.View(s.shard.pieces)
		n, err := s.sysWritev(pieces)
		clear(pieces)
		if s.failed(n, err) {
			return
		}
		if err == syscall.EAGAIN {
			s.block()
			return
		}
		s.drop(n)
	}
}

// failed notes a write of n bytes, and ends the stream if it brought an error.
func (s *Stream) failed(n int, err error) bool {
	s.shard.stats.Writes++
	s.shard.stats.BytesSent += uint64(n)
	if n > 0 {
		s.events.Sent(n)
		if s.limits != nil {
			s.limits.sent(s.shard.reactor.TurnTime())
		}
	}
	if err == nil || err == syscall.EAGAIN {
		return false
	}
	s.lose(s.opError("write", os.NewSyscallError("write", err)))
	return true
}

// block waits for the kernel to take more.
func (s *Stream) block() {
	s.set(blocked)
	s.shard.reactor.Rearm(s.token, poller.Out)
	if s.limits != nil {
		s.waits()
	}
	s.pauseIfFull()
}

// writable goes on where the kernel refused. An end that was waiting for it is
// told at once: this is an event of its own.
func (s *Stream) writable() {
	if !s.is(blocked) {
		return
	}
	s.unset(blocked)
	s.send()
	if s.state >= lost {
		return
	}
	s.resumeIfLow()
	if s.state == closing && s.drained() {
		s.mute(nil)
		s.tellLost()
		return
	}
	s.settle()
}

// WriteEOF ends the write side when all was sent, and leaves reading as it is. At
// the end of a pipe that is written to it is Close, at the other one it does
// nothing. Loop only.
func (s *Stream) WriteEOF() {
	switch {
	case s.state >= closing || s.is(finishing):
		return
	case s.kind.has(inward):
		return
	case s.kind.has(outward):
		s.Close()
		return
	}
	s.set(finishing)
	s.shut()
	s.flushHeld()
	s.settle()
}

// finish tells the kernel of the end, once it is due.
func (s *Stream) finish() {
	if s.is(finishing) && !s.is(finished) {
		s.set(finished)
		if err := s.sysShutdown(); err != nil && err != syscall.ENOTCONN {
			s.lose(s.opError("shutdown", os.NewSyscallError("shutdown", err)))
		}
	}
}

// Buffered is how many bytes the kernel has not taken. What is held is sent
// first. Loop only.
func (s *Stream) Buffered() int {
	s.flushHeld()
	return s.out.Len()
}
