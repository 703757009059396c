package stream

import (
	"errors"
	"os"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
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
	case s.shard.Full():
		s.stall()
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

// again asks for a read in the next turn, before those that become ready meanwhile.
func (s *Stream) again() {
	if s.token == 0 {
		s.againUnwatched()
		return
	}
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
	n, err := s.take(buf)
	s.shard.stats.Reads++
	switch {
	case n > 0:
		s.received(buf, n)
	case err == nil:
		s.end()
	case err == syscall.EAGAIN:
		s.shard.reactor.Rearm(s.token, poller.In)
	default:
		s.readFailed(err)
	}
}

// take reads what there is. A read of a unix socket stops behind a message that
// brought descriptors, which nobody wants and the kernel closes.
func (s *Stream) take(buf []byte) (int, error) {
	if !s.kind.has(descriptors) {
		return s.sysRead(buf)
	}
	n, stopped, err := s.sysReceive(buf)
	if stopped {
		s.set(further)
	}
	return n, err
}

// received decides what comes next before the owner can pause.
func (s *Stream) received(buf []byte, n int) {
	s.shard.stats.BytesRead += uint64(n)
	if s.limits != nil {
		s.limits.heard(s.shard.reactor.TurnTime())
	}
	if s.hasMore(n == len(buf)) {
		s.again()
	} else {
		s.shard.reactor.Rearm(s.token, poller.In)
	}
	s.deliver(buf[:n])
}

// hasMore reports whether there may be more, for which no other edge would come:
// after a full read, and after one that could not go further. A pipe is asked: a read
// in vain would be one turn late, and take what was written in that turn a turn early.
// An owner with memory of its own, which may be small, must not be asked for it in vain.
func (s *Stream) hasMore(full bool) bool {
	switch {
	case s.token != 0 && s.kind.has(inward):
		return sock.HasInput(int(s.fd))
	case s.is(further):
		return true
	}
	return full && (!s.is(buffered) || sock.HasInput(int(s.fd)))
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

// readFailed ends the stream for the error of a read.
func (s *Stream) readFailed(cause error) {
	err := s.opError("read", os.NewSyscallError("read", cause))
	s.fail(err)
	if s.kind.has(inward) && cause != syscall.EIO { // which is how a terminal ends
		s.shard.config.Failed(s, "read", err)
	}
}

// end tells the owner of the peer's end, and closes unless it is kept open.
func (s *Stream) end() {
	s.set(ended)
	if s.limits != nil {
		s.limits.heard(s.shard.reactor.TurnTime())
	}
	if s.kind.has(inward) {
		s.endPipe()
		return
	}
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
	if !s.is(paused) || s.kind.has(outward) {
		return
	}
	s.unset(paused)
	s.readAt = s.shard.polls()
	if s.limits != nil {
		s.listen()
	}
	if s.is(spent) && s.state == open {
		s.unset(spent)
		s.renew()
	}
}

// renew asks for a read in a later turn, behind those that are ready already: the edge
// was spent while reading was paused.
func (s *Stream) renew() {
	if s.token == 0 || s.shard.reactor.Renew(s.token) != nil {
		s.again()
	}
}

// IsReading reports whether reading is neither paused nor over for this side.
// Loop only.
func (s *Stream) IsReading() bool { return s.state < closing && !s.is(paused) }
