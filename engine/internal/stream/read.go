package stream

import (
	"errors"
	"os"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// errNoBuffer is what an owner gets that returned no memory to read to.
var errNoBuffer = errors.New("get_buffer() returned an empty buffer")

// readable reads once, which is asyncio's budget for a turn. An event that is
// older than ResumeReading, or the second of a turn, is put off to the next.
func (s *Stream) readable() {
	switch {
	case s.is(paused):
		s.set(spent)
		return
	case s.state != open || s.is(ended):
		return
	case s.readAt == s.shard.polls():
		s.again()
		return
	}
	s.readAt = s.shard.polls()
	if buf := s.target(); len(buf) > 0 {
		s.read(buf)
	}
}

// again asks for a read in the next turn, behind the fresh events of its poll.
func (s *Stream) again() {
	if now := s.shard.polls(); s.againAt != now {
		s.againAt = now
		s.shard.reactor.Again(s.token, poller.Readable)
	}
}

// target is where the next read goes; nothing if there will be none.
func (s *Stream) target() []byte {
	if !s.is(buffered) {
		return s.shard.buffer()
	}
	s.shard.enter(s, inBuffer)
	buf := s.events.Buffer()
	s.shard.leave()
	switch {
	case s.state != open:
		return nil
	case len(buf) == 0:
		s.shard.config.Failed(s, inBuffer.String(), errNoBuffer)
		s.fail(errNoBuffer)
	case s.is(paused):
		s.set(spent)
		return nil
	}
	return buf
}

func (s *Stream) read(buf []byte) {
	n, err := sysRead(int(s.fd), buf)
	s.shard.stats.Reads++
	switch {
	case n > 0:
		s.received(buf, n)
	case err == nil:
		s.end()
	case err == syscall.EAGAIN:
		s.shard.reactor.Rearm(s.token, poller.In)
	case err == syscall.EBADF && !s.is(socket):
		s.broken()
	default:
		s.fail(s.opError("read", os.NewSyscallError("read", err)))
	}
}

// received decides what comes next before the owner can pause. There may be more
// after a full read, and there is when the end is known to follow, for which no
// further edge would come.
func (s *Stream) received(buf []byte, n int) {
	s.shard.stats.BytesRead += uint64(n)
	if n == len(buf) || s.is(ending) {
		s.again()
	} else {
		s.shard.reactor.Rearm(s.token, poller.In)
	}
	s.deliver(buf[:n])
}

// broken ends the write end of a pipe, for which an event that seems to be about
// reading says that nobody reads any more.
func (s *Stream) broken() {
	if s.drained() {
		s.lose(nil)
		return
	}
	s.lose(s.opError("write", os.NewSyscallError("write", syscall.EPIPE)))
}

// deliver hands received bytes to the owner. What the owner writes meanwhile
// goes out when it is done.
func (s *Stream) deliver(p []byte) {
	s.set(reading)
	if s.is(buffered) {
		s.shard.enter(s, inUpdated)
		s.events.Updated(len(p))
	} else {
		s.shard.enter(s, inData)
		s.events.Data(p)
	}
	s.shard.leave()
	s.unset(reading)
	s.flushHeld()
}

// end tells the owner of the peer's end, and closes unless it is kept open.
func (s *Stream) end() {
	s.set(ended)
	s.shard.enter(s, inEnd)
	keepOpen := s.events.End()
	s.shard.leave()
	if !keepOpen {
		s.Close()
	}
}

// PauseReading stops Data until ResumeReading. Loop only.
func (s *Stream) PauseReading() { s.set(paused) }

// ResumeReading undoes PauseReading. What came meanwhile, in the present turn
// too, is read in the next turn. Loop only.
func (s *Stream) ResumeReading() {
	if !s.is(paused) {
		return
	}
	s.unset(paused)
	s.readAt = s.shard.polls()
	if s.is(spent) && s.state == open {
		s.unset(spent)
		s.again()
	}
}

// IsReading reports whether reading is neither paused nor over for this side.
// Loop only.
func (s *Stream) IsReading() bool { return s.state < closing && !s.is(paused) }
