package reactor

import "github.com/shardloop/shardloop/poller"

// The order of step 6 is that of a level-triggered set, which asyncio's is. Such a
// set keeps a descriptor in its place when it has been reported, and looks at the
// next poll whether it is still ready. So those of the poll before come first, in
// their old order, also if their bytes are younger than those of others, or were
// left over; who became ready since comes behind, in the order in which that was.
//
//	poll n      A B C             reported, in this order
//	            D, C, A ready     meanwhile
//	poll n+1    A C D             A and C keep their places
//
// An edge-triggered set forgets whom it has reported. The place is therefore noted
// in the slot. A hint that only says writable is no report for an edge: a
// level-triggered set would not have been asked about it.

// told notes the place of a descriptor in this turn's order.
func (r *Reactor) told(p *slot, ready poller.Ready) {
	if p.told != r.polls && (ready&readerBits != 0 || p.interest&poller.Edge == 0) {
		p.told, p.place = r.polls, r.places
		r.places++
	}
}

// arrange moves those that have a place among the last ones that were told, from
// fresh events and from those who stand over, to the front of the latter. An event
// of both is one.
func (r *Reactor) arrange(last uint32) {
	if last == 0 || len(r.events)+len(r.standing) < 2 || r.traits.Completions || !r.anyPlaced() {
		return
	}
	front := append(r.front[:0], make([]poller.Event, last)...)
	r.standing = r.seat(r.standing, front)
	r.events = r.seat(r.events, front)
	r.standing, r.front = append(front, r.standing...), r.standing[:0]
}

// anyPlaced reports whether somebody has a place.
func (r *Reactor) anyPlaced() bool {
	if len(r.standing) > 0 {
		return true
	}
	for i := range r.events {
		if r.placed(r.events[i].Token) != nil {
			return true
		}
	}
	return false
}

// placed is the slot of who was told of the poll before, or nil.
func (r *Reactor) placed(t poller.Token) *slot {
	if p := r.slots.at(t); p != nil && p.told == r.polls-1 {
		return p
	}
	return nil
}

// seat moves events to the places they have, and returns those that have none.
func (r *Reactor) seat(events, front []poller.Event) (rest []poller.Event) {
	rest = events[:0]
	for _, ev := range events {
		p := r.placed(ev.Token)
		if p == nil {
			rest = append(rest, ev)
			continue
		}
		ev.Ready |= front[p.place].Ready
		front[p.place] = ev
	}
	return rest
}

// Renew has a registration report once more what holds already, at the place that
// one has which becomes ready now. A stale token does nothing. Loop only.
func (r *Reactor) Renew(t poller.Token) error {
	p := r.slots.at(t)
	if p == nil {
		return nil
	}
	p.told = 0
	return r.poller.Modify(int(p.fd), t, p.interest)
}
