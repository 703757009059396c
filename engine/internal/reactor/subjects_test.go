package reactor

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// reactorSubject is a reactor under a byte script.
type reactorSubject struct {
	r      *Reactor
	fault  func()
	timers [fuzzTimers + 1]Timer
	edges  [fuzzDescriptors]*edgeHandler
}

// edgeHandler is an attached descriptor.
type edgeHandler struct {
	token poller.Token
	f     func(poller.Ready)
}

func (h *edgeHandler) HandleReady(_ *poller.Event, r poller.Ready) { h.f(r) }

// flushFunc is a Flusher.
type flushFunc func()

func (f flushFunc) Flush() { f() }

func newReactorSubject(t testing.TB, p poller.Poller, every int) subject {
	s := &reactorSubject{}
	s.r = newReactor(t, Config{Poller: p, PollEvery: every, Fault: func(f Fault) {
		if f.Panic == nil {
			t.Errorf("fault: %v", f)
		}
		s.fault()
	}})
	return s
}

func (s *reactorSubject) soon(f func())    { _ = s.r.Soon(invoke, f) }
func (s *reactorSubject) post(f func())    { _ = s.r.Post(invoke, f) }
func (s *reactorSubject) flush(f func())   { s.r.AtTurnEnd(flushFunc(f)) }
func (s *reactorSubject) stop()            { s.r.Stop() }
func (s *reactorSubject) run() error       { return s.r.Run() }
func (s *reactorSubject) turn() int        { return int(s.r.stats.Turns) }
func (s *reactorSubject) onFault(f func()) { s.fault = f }

// arm gives the timer a new callback, for which it must not be pending.
func (s *reactorSubject) arm(i int, when int64, f func()) {
	t := &s.timers[i]
	if t.fn == nil {
		t.Init(invoke, f)
	}
	t.arg = f // as Init, which is not for an armed timer; this keeps Schedule moving one
	_ = s.r.Schedule(t, when)
}

func (s *reactorSubject) disarm(i int) bool { return s.r.Cancel(&s.timers[i]) }

func (s *reactorSubject) watch(fd int, i poller.Interest, f func()) error {
	if i == poller.In {
		return s.r.AddReader(fd, invoke, f)
	}
	return s.r.AddWriter(fd, invoke, f)
}

func (s *reactorSubject) unwatch(fd int, i poller.Interest) bool {
	if i == poller.In {
		return s.r.RemoveReader(fd)
	}
	return s.r.RemoveWriter(fd)
}

func (s *reactorSubject) attach(fd int, f func(poller.Ready)) error {
	h := &edgeHandler{f: f}
	token, err := s.r.Attach(fd, h, poller.In|poller.Out|poller.Edge)
	if err == nil {
		h.token, s.edges[fd] = token, h
	}
	return err
}

func (s *reactorSubject) detach(fd int) {
	if h := s.edges[fd]; h != nil {
		_ = s.r.Detach(h.token)
	}
}

func (s *reactorSubject) forget(fd int) {
	if h := s.edges[fd]; h != nil {
		s.r.Forget(h.token)
	}
}

func (s *reactorSubject) again(fd int) {
	if h := s.edges[fd]; h != nil {
		s.r.Again(h.token, poller.Readable)
	}
}

func (s *reactorSubject) rearm(fd int, i poller.Interest) {
	if h := s.edges[fd]; h != nil {
		s.r.Rearm(h.token, i)
	}
}

// modelSubject is the model under a byte script.
type modelSubject struct {
	*model
	armed [fuzzTimers + 1]*handle
	edges [fuzzDescriptors]modelEdge
}

type modelEdge struct {
	h     *handle
	token poller.Token
}

func newModelSubject(p poller.Poller, every int) subject {
	return &modelSubject{model: newModel(p, every)}
}

func (s *modelSubject) flush(f func())   { s.flushes = append(s.flushes, f) }
func (s *modelSubject) stop()            { s.model.stop = true }
func (s *modelSubject) turn() int        { return s.turns }
func (s *modelSubject) onFault(f func()) { s.fault = f }

func (s *modelSubject) run() error {
	s.model.run()
	return nil
}

func (s *modelSubject) arm(i int, when int64, f func()) {
	s.model.disarm(s.armed[i])
	s.armed[i] = s.model.arm(when, f)
}

func (s *modelSubject) disarm(i int) bool { return s.model.disarm(s.armed[i]) }

func (s *modelSubject) attach(fd int, f func(poller.Ready)) error {
	h, token, err := s.model.attach(fd, f)
	if err == nil {
		s.edges[fd] = modelEdge{h, token}
	}
	return err
}

func (s *modelSubject) live(fd int) bool {
	h := s.edges[fd].h
	return h != nil && !h.cancelled
}

func (s *modelSubject) detach(fd int) {
	if s.live(fd) {
		_ = s.p.Remove(fd)
		s.forget(fd)
	}
}

func (s *modelSubject) forget(fd int) {
	if s.live(fd) {
		s.model.detach(s.edges[fd].h, s.edges[fd].token)
	}
}

func (s *modelSubject) again(fd int) { s.model.again(s.edges[fd].token) }

func (s *modelSubject) rearm(fd int, i poller.Interest) {
	if s.live(fd) {
		_ = s.p.Rearm(fd, s.edges[fd].token, i)
	}
}
