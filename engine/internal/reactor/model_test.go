package reactor

import (
	"cmp"
	"slices"

	"github.com/shardloop/shardloop/poller"
)

// model is a loop written from docs/loop-iteration.md and built as asyncio is:
// everything that runs in a turn is first put into one list of handles, and
// what is cancelled meanwhile is skipped. It shares nothing with the reactor
// but the poller's interface. Steps have the document's numbers.
type model struct {
	p     poller.Poller
	every int // PollEvery

	ready    []*handle // callbacks of the loop
	mail     []*handle // posts
	timers   []*entry
	standing []poller.Event // over budget, for the next turn
	told     []poller.Token // of the last poll, in order
	flushes  []func()
	files    map[int]*file             // watched descriptors
	names    map[poller.Token]reported // what an event's token stands for
	edges    map[poller.Token]bool

	stop    bool
	skipped int // turns that had no poll
	turns   int
	tokens  uint32
	fault   func()
}

// handle is a callback that can be cancelled until it runs.
type handle struct {
	call      func(poller.Ready)
	ready     poller.Ready // what call is told
	cancelled bool
	done      bool
}

// entry is one arming of a timer.
type entry struct {
	when int64
	h    *handle
}

// file is a watched descriptor.
type file struct {
	token       poller.Token
	read, write *handle
}

// reported makes the handles of an event.
type reported func(poller.Ready) []*handle

func newModel(p poller.Poller, every int) *model {
	return &model{p: p, every: every, files: map[int]*file{}, names: map[poller.Token]reported{}, edges: map[poller.Token]bool{}}
}

func (m *model) run() {
	for {
		m.turn()
		if m.stop {
			break
		}
	}
	for len(m.flushes) > 0 {
		m.flush()
	}
	m.stop = false
}

func (m *model) turn() {
	m.turns++
	poll := len(m.ready) == 0 || m.skipped >= m.every-1 || len(m.standing) > 0 || m.stop
	var behind []*handle
	if m.skipped++; poll {
		m.skipped = 0
		behind = m.poll()
	}
	batch := append(m.ready, m.mail...)
	m.ready, m.mail = nil, nil
	if poll {
		behind = append(behind, m.due(m.p.Now()+1)...)
	}
	for _, h := range append(batch, behind...) {
		m.call(h)
	}
	m.flush()
}

// poll does steps 1 and 2, and makes the handles of step 6.
func (m *model) poll() (handles []*handle) {
	var events []poller.Event
	now, next := m.p.Now(), poller.NoDeadline
	if len(m.timers) > 0 {
		next = slices.MinFunc(m.timers, func(a, b *entry) int { return cmp.Compare(a.when, b.when) }).when
	}
	if len(m.ready)+len(m.mail)+len(m.standing)+len(m.flushes) > 0 || m.stop || next <= now {
		events, _ = m.p.Poll()
	} else {
		events, _ = m.p.Wait(next, poller.Block)
	}
	events = m.order(append(m.standing, events...))
	m.standing, m.told = nil, nil
	for _, ev := range events {
		if of, ok := m.names[ev.Token]; ok {
			handles = append(handles, of(ev.Ready)...)
			m.tell(ev)
		}
	}
	return handles
}

// order puts those first that were told of the poll before, each once.
func (m *model) order(events []poller.Event) (out []poller.Event) {
	for _, t := range m.told {
		var all poller.Ready
		events = slices.DeleteFunc(events, func(ev poller.Event) bool {
			if ev.Token == t {
				all |= ev.Ready
			}
			return ev.Token == t
		})
		if all != 0 {
			out = append(out, poller.Event{Token: t, Ready: all})
		}
	}
	return append(out, events...)
}

// tell notes who is told, but not an edge that is only writable.
func (m *model) tell(ev poller.Event) {
	if !slices.Contains(m.told, ev.Token) && (ev.Ready != poller.Writable || !m.edges[ev.Token]) {
		m.told = append(m.told, ev.Token)
	}
}

// due takes the timers before limit, by deadline and registration.
func (m *model) due(limit int64) (handles []*handle) {
	slices.SortStableFunc(m.timers, func(a, b *entry) int { return cmp.Compare(a.when, b.when) })
	for len(m.timers) > 0 && m.timers[0].when < limit {
		handles = append(handles, m.timers[0].h)
		m.timers = m.timers[1:]
	}
	return handles
}

// call runs one handle; a panic is reported and harms nobody else.
func (m *model) call(h *handle) {
	if h.cancelled {
		return
	}
	h.done = true
	m.guard(func() { h.call(h.ready) })
}

func (m *model) guard(f func()) {
	defer func() {
		if recover() != nil {
			m.fault()
		}
	}()
	f()
}

func (m *model) flush() {
	list := m.flushes
	m.flushes = nil
	for _, f := range list {
		m.guard(f)
	}
}

func (m *model) soon(f func()) {
	m.ready = append(m.ready, m.mail...)
	m.mail = nil
	m.ready = append(m.ready, &handle{call: func(poller.Ready) { f() }})
}

func (m *model) post(f func()) {
	m.mail = append(m.mail, &handle{call: func(poller.Ready) { f() }})
}

// arm makes a timer; the caller disarms the one before.
func (m *model) arm(when int64, f func()) *handle {
	h := &handle{call: func(poller.Ready) { f() }}
	m.timers = append(m.timers, &entry{when, h})
	return h
}

// disarm reports whether h had still to run.
func (m *model) disarm(h *handle) bool {
	if h == nil || h.cancelled || h.done {
		return false
	}
	h.cancelled = true
	m.timers = slices.DeleteFunc(m.timers, func(e *entry) bool { return e.h == h })
	return true
}

func (m *model) again(t poller.Token) {
	if t != 0 {
		m.standing = append(m.standing, poller.Event{Token: t, Ready: poller.Readable})
	}
}
