package stream

// Close ends the stream when all was sent. Reading ends at once. Loop only.
func (s *Stream) Close() {
	s.flushHeld()
	if s.state >= closing {
		return // before, or by what came of that
	}
	s.state = closing
	s.shut()
	s.settle()
	s.limitClose()
}

// Abort ends the stream, and drops what the kernel has refused. The descriptor
// does not linger, also when Close came before. Loop only.
func (s *Stream) Abort() {
	s.set(aborted)
	s.fail(nil)
}

// GiveUp is Abort that reports how many bytes are dropped, and whether there was
// anything to end. Loop only.
func (s *Stream) GiveUp() (unsent int, ok bool) {
	s.flushHeld()
	if s.state < lost {
		unsent, ok = s.unsent(), true
	}
	s.Abort()
	return unsent, ok
}

// Drop is Abort on a loop that is closed, where nobody is told.
func (s *Stream) Drop() {
	s.set(aborted)
	s.flushHeld()
	if s.mute(nil) || s.state == lost {
		s.release()
	}
}

// fail ends the stream with an error. What is held counts as sent by now, so it
// has its try before.
func (s *Stream) fail(err error) {
	s.flushHeld()
	s.lose(err)
}

// lose is the step to lost: nothing is sent or read any more, and Lost comes in
// the next turn. A loop that is closed tells nobody.
func (s *Stream) lose(err error) {
	if s.mute(err) {
		s.tellLostSoon()
	}
}

func (s *Stream) tellLostSoon() {
	if s.shard.reactor.Soon(tellLost, s) != nil {
		s.release()
	}
}

// mute is lose without telling. It reports whether there was anything to lose.
func (s *Stream) mute(err error) bool {
	if s.state >= lost {
		return false
	}
	s.state, s.err = lost, err
	if s.limits != nil {
		s.shard.reactor.Cancel(&s.limits.timer)
	}
	s.shut()
	s.drop(s.out.Len())
	return true
}

// shut refuses what other goroutines post from now on.
func (s *Stream) shut() {
	s.flight.close()
	s.shard.room.tell(s)
}

func tellLost(arg any) { arg.(*Stream).tellLost() }

func (s *Stream) tellLost() {
	s.shard.enter(s, inLost)
	s.events.Lost(s.err)
	s.shard.leave()
	s.release()
}

// release closes the descriptor, or lets it linger.
func (s *Stream) release() {
	s.state = gone
	s.shard.stats.Open--
	s.shard.stats.Lost++
	if !s.lingers() {
		s.closeFD()
	}
}

// closeFD forgets the descriptor of a socket, which is the stream's alone, and
// takes one of a pipe out of the poller: other processes may have the same open
// file, whose events would keep coming.
func (s *Stream) closeFD() {
	if s.kind.has(socket) {
		s.shard.reactor.Forget(s.token)
	} else {
		_ = s.shard.reactor.Detach(s.token) // or it was not watched
	}
	s.shard.system.close(int(s.fd))
	s.fd, s.limits = -1, nil
}
