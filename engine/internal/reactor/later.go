package reactor

import "github.com/shardloop/shardloop/poller"

// Flusher has bytes to send at the end of the turn. It asks for another flush
// only when it has new ones: a run does not end before all are flushed.
type Flusher interface{ Flush() }

// AtTurnEnd calls f.Flush once in step 8 of this turn, or, asked for in step 8
// itself, of the next. Loop only.
func (r *Reactor) AtTurnEnd(f Flusher) { r.flush = append(r.flush, f) }

// InTurn reports whether a turn is under way, which has a step 8 to come. Loop
// only.
func (r *Reactor) InTurn() bool { return r.midway }

// TurnTime is the time of this turn: of its poll where timers made the turn read
// the clock, else of the first call. Outside of a turn it is Now. Loop only.
func (r *Reactor) TurnTime() int64 {
	if !r.midway {
		return r.Now()
	}
	if r.clock == 0 {
		r.clock = r.Now()
	}
	return r.clock
}

// Polls is the number of the last poll. What that brought is older than whatever
// was done since. Loop only.
func (r *Reactor) Polls() uint64 { return r.polls }

// Again brings the registration that t names back in the next turn, before those
// that became ready meanwhile: for who has used up its byte budget. The next poll
// does not wait. Loop only.
func (r *Reactor) Again(t poller.Token, ready poller.Ready) {
	r.again = append(r.again, poller.Event{Token: t, Ready: ready})
}

// staleLimit is how many polls in a row may bring stale tokens before the
// poller is rebuilt. A few are normal on the way (a descriptor freed by an
// earlier event of the same batch is not even counted); a description kept
// alive by a duplicate reports for ever. 64 polls cost less than the rebuild
// of a large set.
const staleLimit = 64

// stale counts a fresh event whose registration is gone. It is the loop's own doing
// when the slot changed after this turn's poll.
func (r *Reactor) stale(t poller.Token) {
	r.stats.Stale++
	i := t.Index()
	if uint64(i) < uint64(len(r.slots.table)) && r.slots.table[i].changed == uint32(r.polls) {
		return
	}
	if r.staleAt != r.polls-1 && r.staleAt != r.polls {
		r.staleRun = 0
	}
	if r.staleAt != r.polls {
		r.staleRun++
	}
	r.staleAt = r.polls
	if r.staleRun >= staleLimit {
		r.rebuild()
	}
}

// rebuild replaces the kernel's set and reports why.
func (r *Reactor) rebuild() {
	r.staleRun = 0
	err := r.poller.Rebuild(r.slots.registrations())
	if err == nil {
		err = ErrStaleDescriptor
	}
	r.report(Fault{Err: err})
}
