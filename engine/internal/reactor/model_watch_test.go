package reactor

import (
	"errors"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// token names a new registration, in its own way.
func (m *model) token(of reported) poller.Token {
	m.tokens++
	t := poller.MakeToken(m.tokens, 1)
	m.names[t] = of
	return t
}

// add registers a descriptor that nobody has registered.
func (m *model) add(fd int, t poller.Token, i poller.Interest) error {
	err := m.p.Add(fd, t, i)
	if errors.Is(err, syscall.EEXIST) {
		err = ErrInUse
	}
	return err
}

// watch sets one side of a descriptor. The handle that was there is cancelled.
func (m *model) watch(fd int, i poller.Interest, f func()) error {
	w := m.files[fd]
	if w == nil {
		w = &file{}
		w.token = m.token(w.events)
		if err := m.add(fd, w.token, i); err != nil {
			return err
		}
		m.files[fd] = w
	} else if err := m.p.Modify(fd, w.token, w.interest()|i); err != nil {
		return err
	}
	side := w.side(i)
	if *side != nil {
		(*side).cancelled = true
	}
	*side = &handle{call: func(poller.Ready) { f() }}
	return nil
}

func (m *model) unwatch(fd int, i poller.Interest) bool {
	w := m.files[fd]
	if w == nil || *w.side(i) == nil {
		return false
	}
	(*w.side(i)).cancelled = true
	*w.side(i) = nil
	if rest := w.interest(); rest != 0 {
		_ = m.p.Modify(fd, w.token, rest)
		return true
	}
	_ = m.p.Remove(fd)
	delete(m.names, w.token)
	delete(m.files, fd)
	return true
}

func (w *file) side(i poller.Interest) **handle {
	if i == poller.In {
		return &w.read
	}
	return &w.write
}

func (w *file) interest() (i poller.Interest) {
	if w.read != nil {
		i |= poller.In
	}
	if w.write != nil {
		i |= poller.Out
	}
	return i
}

// events makes the handles of an event: the reader's before the writer's, and
// both for what is neither readable nor writable.
func (w *file) events(r poller.Ready) (handles []*handle) {
	if w.read != nil && r != poller.Writable {
		handles = append(handles, w.read)
	}
	if w.write != nil && r != poller.Readable {
		handles = append(handles, w.write)
	}
	return handles
}

// attach registers fd for edges; f gets every event.
func (m *model) attach(fd int, f func(poller.Ready)) (*handle, poller.Token, error) {
	h := &handle{call: f}
	t := m.token(func(r poller.Ready) []*handle {
		return []*handle{{ready: r, call: func(r poller.Ready) {
			if !h.cancelled {
				h.call(r)
			}
		}}}
	})
	m.edges[t] = true
	return h, t, m.add(fd, t, poller.In|poller.Out|poller.Edge)
}

func (m *model) detach(h *handle, t poller.Token) {
	h.cancelled = true
	delete(m.names, t)
}
