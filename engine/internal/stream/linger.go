package stream

import (
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/poller"
)

// linger is the time after Lost in which a descriptor is kept open to discard
// input. Input that nobody reads makes the kernel reset the connection and
// destroy what it has not delivered: at once when there is some at the close, and
// when it comes later while sent bytes are still on their way.
type linger struct {
	timer reactor.Timer
	place int // in the shard's list
}

// lingers ends the write side and keeps the descriptor if a close now could
// destroy what was sent. It reports whether it did.
func (s *Stream) lingers() bool {
	if s.shard.config.Linger <= 0 || s.err != nil || s.is(aborted|ended) || !s.is(socket) {
		return false
	}
	n, err := sysRead(int(s.fd), s.shard.buffer())
	if n == 0 && (err != syscall.EAGAIN || !sysUnsent(int(s.fd))) {
		return false
	}
	return sysShutdown(int(s.fd)) == nil && s.beginLinger()
}

func (s *Stream) beginLinger() bool {
	if s.token == 0 && s.attach() != nil {
		return false
	}
	l := &linger{}
	l.timer.Init(unlinger, s)
	r := s.shard.reactor
	if r.Schedule(&l.timer, r.Now()+int64(s.shard.config.Linger)) != nil {
		return false // the loop is closed
	}
	s.state, s.linger = lingering, l
	s.shard.keep(s)
	r.Again(s.token, poller.Readable)
	return true
}

// discard reads what nobody wants, until the peer ends.
func (s *Stream) discard() {
	n, err := sysRead(int(s.fd), s.shard.buffer())
	switch {
	case n > 0:
		s.again()
	case err == syscall.EAGAIN:
		s.shard.reactor.Rearm(s.token, poller.In)
	default:
		s.unlinger()
	}
}

func unlinger(arg any) { arg.(*Stream).unlinger() }

func (s *Stream) unlinger() {
	s.shard.reactor.Cancel(&s.linger.timer)
	s.shard.unkeep(s)
	s.state, s.linger = gone, nil
	s.closeFD()
}

// keep adds s to those who linger.
func (sh *Shard) keep(s *Stream) {
	s.linger.place = len(sh.lingering)
	sh.lingering = append(sh.lingering, s)
	sh.stats.Lingering++
}

// unkeep puts the last one in the place of s.
func (sh *Shard) unkeep(s *Stream) {
	n := len(sh.lingering) - 1
	last := sh.lingering[n]
	sh.lingering[s.linger.place], last.linger.place = last, s.linger.place
	sh.lingering[n] = nil
	sh.lingering = sh.lingering[:n]
	sh.stats.Lingering--
}
