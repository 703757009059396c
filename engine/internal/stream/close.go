package stream

// Close ends the stream when all was sent. Reading ends at once. Loop only.
func (s *Stream) Close() {
	if s.state >= closing {
		return
	}
	s.flushHeld()
	if s.state >= closing {
		return // by what came of that
	}
	s.state = closing
	s.shut()
	s.settle()
}

// Abort ends the stream, and drops what the kernel has refused. The descriptor
// does not linger, also when Close came before. Loop only.
func (s *Stream) Abort() {
	s.set(aborted)
	s.fail(nil)
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
	if !s.mute(err) {
		return
	}
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

func (s *Stream) closeFD() {
	s.shard.reactor.Forget(s.token)
	sysClose(int(s.fd))
	s.fd, s.token = -1, 0
}
