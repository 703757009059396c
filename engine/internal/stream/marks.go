package stream

// Marks are the sizes of the write buffer that Pause and Resume are about. Loop
// only.
func (s *Stream) Marks() (low, high int) { return s.low, s.high() }

func (s *Stream) high() int { return int(s.flight.high.Load()) }

// SetMarks changes the marks, 0 <= low <= high. A buffer that is above the new
// high mark pauses at once; one that is below resumes only when it shrinks.
// Loop only.
func (s *Stream) SetMarks(low, high int) {
	s.flushHeld()
	s.low = low
	s.flight.high.Store(int64(high))
	s.pauseIfFull()
}

// pauseIfFull is for a chain in which nothing is held: that does not count.
func (s *Stream) pauseIfFull() {
	if !s.is(full) && s.out.Len() > s.high() {
		s.set(full)
		s.flight.full.Store(true)
		s.guard("pause_writing", s.events.Pause)
	}
}

func (s *Stream) resumeIfLow() {
	if s.is(full) && s.out.Len() <= s.low {
		s.unset(full)
		s.flight.full.Swap(false) // as the reactor's mailbox does
		s.shard.room.tell(s)
		s.guard("resume_writing", s.events.Resume)
	}
}
