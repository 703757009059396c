package dgram

// Marks are the sizes of the queue that Pause and Resume are about. Loop only.
func (e *Endpoint) Marks() (low, high int) { return e.low, e.high }

// SetMarks changes the marks, 0 <= low <= high. A queue that is above the new high
// mark pauses at once; one that is below resumes only when it shrinks. Loop only.
func (e *Endpoint) SetMarks(low, high int) {
	e.flushHeld()
	e.low, e.high = low, high
	e.pauseIfFull()
}

// pauseIfFull is for a queue in which nothing is held: that does not count.
func (e *Endpoint) pauseIfFull() {
	if !e.is(full) && e.out.size() > e.high {
		e.set(full)
		e.guard("pause_writing", e.events.Pause)
	}
}

func (e *Endpoint) resumeIfLow() {
	if e.is(full) && e.out.size() <= e.low && e.state < lost {
		e.unset(full)
		e.guard("resume_writing", e.events.Resume)
	}
}

// guard calls what comes out of calls of the owner's, which must not see its panic.
func (e *Endpoint) guard(during string, fn func()) {
	defer func() {
		if v := recover(); v != nil {
			e.shard.config.Panic(e, during, v)
		}
	}()
	fn()
}
