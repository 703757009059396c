package reactor

import "github.com/shardloop/shardloop/poller"

// publishEvery is how many turns may pass before the counters are shown to
// other goroutines, when the loop does not sleep: at 300 ns a turn that is
// every 80 µs, for less than 0.1 ns a turn.
const publishEvery = 256

// turn is one turn of the loop, or a few that share the poll before. The steps
// keep their place in the reactor, so that a turn cut short by a panic is taken
// up where it stopped: the callback that panicked is behind the cursor, all
// others still run, once.
func (r *Reactor) turn() {
	if !r.midway {
		if r.skipsPoll() {
			r.turnsWithoutPoll()
			return
		}
		r.begin()
		r.midway = true
	}
	r.ready.run()
	if len(r.events)+len(r.standing) > 0 {
		r.runEvents()
	}
	if r.timers.next < len(r.timers.due) {
		r.runDue()
	}
	if len(r.flush)+len(r.flushing) > 0 {
		r.runFlush()
	}
	r.midway = false
}

// turnsWithoutPoll are the turns that PollEvery lets pass: steps 4, 5 and 8.
func (r *Reactor) turnsWithoutPoll() {
	r.clock = 0
	for more := true; more; more = r.skipsPoll() {
		r.skipped++
		r.stats.Turns++
		r.collect()
		r.midway = true
		r.ready.run()
		if len(r.flush) > 0 {
			r.runFlush()
		}
		r.midway = false
	}
}

// skipsPoll reports whether PollEvery lets the next turn pass without a poll.
func (r *Reactor) skipsPoll() bool {
	return r.skipped < r.maxSkips && r.ready.waiting() && len(r.again) == 0 && !r.stopping.Load()
}

// begin does steps 1 to 4.
func (r *Reactor) begin() {
	r.skipped = 0
	r.stats.Turns++
	if r.stats.Turns >= r.publishAt {
		r.publish()
	}
	now := r.pollOnce()
	r.collect()
	if r.timers.live() {
		if now == 0 {
			now = r.poller.Now()
		}
		r.gatherDue(now)
	}
	r.clock = now
}

// busy reports whether there is work that needs no poll to be found.
func (r *Reactor) busy() bool {
	return r.ready.waiting() || len(r.again) > 0 || len(r.flush) > 0
}

// pollOnce does steps 1 and 2. It returns the time if it had to read it, or 0.
func (r *Reactor) pollOnce() (now int64) {
	r.polls++
	if r.cfg.BeforePoll != nil {
		r.cfg.BeforePoll()
	}
	if r.busy() || r.stopping.Load() {
		r.events, r.failure = r.poller.Poll()
	} else {
		now = r.sleep()
	}
	if len(r.events) > 0 {
		r.fruitful = true
		r.stats.Events += uint64(len(r.events))
	}
	if len(r.again) > 0 {
		r.again, r.standing = r.standing, r.again
	}
	last := r.places
	r.places = 0
	r.arrange(last)
	return now
}

// collect appends the mailbox and fixes which callbacks this turn runs.
func (r *Reactor) collect() {
	if r.mail.full.Load() {
		r.takeMail()
	}
	r.stats.Callbacks += uint64(r.ready.turn())
}

func (r *Reactor) takeMail() {
	r.mailed = r.mail.take(&r.ready)
}

// clockResolution is what asyncio adds to the time before it compares: a timer
// is due when its deadline is before now plus the resolution of the clock,
// which is one nanosecond.
const clockResolution = 1

// gatherDue does the second half of step 4.
func (r *Reactor) gatherDue(now int64) {
	r.timers.gather(now + clockResolution)
	for _, t := range r.timers.due {
		r.stats.Lateness.add(now - t.when)
		r.measured = true
	}
	r.stats.TimersFired += uint64(len(r.timers.due))
}

// runEvents does step 6: those who were told of the poll before or stood over
// budget, then the others; see order.go.
func (r *Reactor) runEvents() {
	if len(r.standing) > 0 {
		r.standing = r.dispatch(r.standing, false)
	}
	r.events = r.dispatch(r.events, true)
}

// dispatch acts on events and returns what is left of them: nothing.
func (r *Reactor) dispatch(events []poller.Event, fresh bool) []poller.Event {
	for r.cursor < len(events) {
		ev := &events[r.cursor]
		if ev.Ready == 0 {
			r.cursor++
			continue
		}
		ready := ev.Ready
		ev.Ready = 0
		if p := r.slots.at(ev.Token); p != nil {
			r.told(p, ready)
			p.handler.HandleReady(ev, ready)
		} else if fresh {
			r.stale(ev.Token)
		}
	}
	r.cursor = 0
	return events[:0]
}

// runDue does step 7.
func (r *Reactor) runDue() {
	for t := r.timers.pop(); t != nil; t = r.timers.pop() {
		t.fn(t.arg)
	}
}

// runFlush does step 8. Who asks for a flush meanwhile is flushed in the next
// turn.
func (r *Reactor) runFlush() {
	if len(r.flushing) == 0 {
		r.flush, r.flushing = r.flushing, r.flush
	}
	for r.flushed < len(r.flushing) {
		f := r.flushing[r.flushed]
		r.flushing[r.flushed] = nil
		r.flushed++
		f.Flush()
	}
	r.flushed = 0
	r.flushing = r.flushing[:0]
}
