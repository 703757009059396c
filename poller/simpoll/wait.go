package simpoll

import (
	"github.com/shardloop/shardloop/poller"
)

// Poll implements poller.Poller.
func (p *Poller) Poll() ([]poller.Event, error) {
	f, err := p.begin(OpPoll)
	defer p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return p.harvest(f), nil
}

// Wait implements poller.Poller. Both modes are the same.
func (p *Poller) Wait(deadline int64, _ poller.Mode) ([]poller.Event, error) {
	f, err := p.begin(OpWait)
	defer p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for !p.closed {
		events := p.harvest(f)
		if len(events) > 0 || f.Early || p.wake || deadline <= p.now {
			p.wake = p.wake && f.Early
			return events, nil
		}
		if deadline != poller.NoDeadline {
			p.now = deadline
			return nil, nil
		}
		p.changed.Wait()
	}
	return p.out[:0], nil
}

// harvest takes one batch from the queue, behind the events of the fault.
func (p *Poller) harvest(f Fault) []poller.Event {
	p.out = append(p.out[:0], f.Events...)
	if f.Early {
		return p.out
	}
	taken := 0
	for n := len(p.queue); n > 0 && taken < p.batch; n-- {
		w := p.queue[0]
		p.queue, w.queued = p.queue[1:], false
		if ready := w.wants() & w.desc.ready; ready != 0 {
			p.out = append(p.out, poller.Event{Token: w.Token, Ready: ready})
			taken++
			p.reported(w, ready)
		}
	}
	if taken == p.batch {
		p.batch *= 2
	}
	return p.out
}

func (p *Poller) reported(w *watch, ready poller.Ready) {
	switch {
	case w.Interest&poller.Edge == 0:
		p.enqueue(w)
	case p.traits.Rearm:
		w.spent |= ready
	}
}
