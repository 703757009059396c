package stream

import (
	"context"
	"sync"
	"sync/atomic"
)

// PostWait is Post that waits for room, until ctx ends; then it is its cause. It
// must not be called on the loop.
func (s *Stream) PostWait(ctx context.Context, p []byte) error {
	for {
		a := s.shard.room.ask(s)
		if a == nil {
			return ErrClosing // with the loop
		}
		if err := s.Post(p); err != ErrWouldBlock {
			s.shard.room.forget(s, a)
			return err
		}
		select {
		case <-a.more:
		case <-ctx.Done():
			s.shard.room.forget(s, a)
			return context.Cause(ctx)
		}
	}
}

// room is who waits for room in which stream. The loop looks at asked, and takes
// the lock only if somebody waits.
type room struct {
	asked atomic.Int32
	mu    sync.Mutex
	more  map[*Stream]*asking // guarded by mu
	over  bool                // guarded by mu
}

// asking are the goroutines that wait for one stream.
type asking struct {
	more chan struct{} // closed when there may be room
	n    int
}

// ask begins to wait for the next change; nil when there will be none.
func (r *room) ask(s *Stream) *asking {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nil
	}
	if r.more == nil {
		r.more = make(map[*Stream]*asking)
	}
	a := r.more[s]
	if a == nil {
		a = &asking{more: make(chan struct{})}
		r.more[s] = a
		r.asked.Add(1)
	}
	a.n++
	return a
}

// forget ends an ask whose answer does not matter any more.
func (r *room) forget(s *Stream, a *asking) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.n--; a.n == 0 && r.more[s] == a {
		delete(r.more, s)
		r.asked.Add(-1)
	}
}

// tell wakes all who wait for s.
func (r *room) tell(s *Stream) {
	if r.asked.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wake(s)
}

// wake has the lock.
func (r *room) wake(s *Stream) {
	if a := r.more[s]; a != nil {
		close(a.more)
		delete(r.more, s)
		r.asked.Add(-1)
	}
}

// close wakes all, and lets nobody wait any more.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	for s := range r.more {
		r.wake(s)
	}
}
