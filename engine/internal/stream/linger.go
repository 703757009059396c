package stream

import (
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// lingers ends the write side and keeps the descriptor if a close now could
// destroy what was sent, to discard input for a time. Input that nobody reads
// makes the kernel reset the connection and destroy what it has not delivered: at
// once when there is some at the close, and when it comes later while sent bytes
// are still on their way. It reports whether it did.
func (s *Stream) lingers() bool {
	if s.shard.config.Linger <= 0 || s.err != nil || s.is(aborted|ended) || !s.kind.has(socket) {
		return false
	}
	n, err := s.sysRead(s.shard.buffer())
	if n == 0 && (err != syscall.EAGAIN || !s.shard.system.unsent(int(s.fd))) {
		return false
	}
	return s.sysShutdown() == nil && s.beginLinger()
}

func (s *Stream) beginLinger() bool {
	if s.token == 0 && s.attach() != nil {
		return false
	}
	l, r := s.limited(), s.shard.reactor
	if r.Schedule(&l.timer, after(r.Now(), s.shard.config.Linger)) != nil {
		return false // the loop is closed
	}
	s.state = lingering
	s.shard.keep(s)
	r.Again(s.token, poller.Readable)
	return true
}

// discard reads what nobody wants, until the peer ends.
func (s *Stream) discard() {
	n, err := s.sysRead(s.shard.buffer())
	switch {
	case n > 0:
		s.again()
	case err == syscall.EAGAIN:
		s.shard.reactor.Rearm(s.token, poller.In)
	default:
		s.unlinger()
	}
}

func (s *Stream) unlinger() {
	s.shard.reactor.Cancel(&s.limits.timer)
	s.shard.unkeep(s)
	s.state = gone
	s.closeFD()
}

// keep adds s to those who linger.
func (sh *Shard) keep(s *Stream) {
	s.limits.place = int32(len(sh.lingering))
	sh.lingering = append(sh.lingering, s)
	sh.stats.Lingering++
}

// unkeep puts the last one in the place of s.
func (sh *Shard) unkeep(s *Stream) {
	n := len(sh.lingering) - 1
	last := sh.lingering[n]
	sh.lingering[s.limits.place], last.limits.place = last, s.limits.place
	sh.lingering[n] = nil
	sh.lingering = sh.lingering[:n]
	sh.stats.Lingering--
}
