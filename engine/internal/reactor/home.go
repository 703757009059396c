package reactor

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/shardloop/shardloop/internal/gid"
)

// The life of a reactor.
//
//	           Run                 Goexit in a callback
//	parked ----------> running ---------------------------> dead
//	 |  ^                 |                                   |
//	 |  +---- Stop -------+                                   |
//	 +------------------ Close -----> closed <--- Close ------+
type life uint8

const (
	parked life = iota
	running
	dead
	closed
)

// home is the goroutine that the reactor runs on. It begins with the first Run
// and ends with Close; between runs it waits for the next. Whoever calls Run
// hands over and waits, so that thread locking, coroutines and identity belong
// to the reactor alone.
//
// The goroutine gets its reactor with each run and lets go of it afterwards, so
// that a reactor that nobody closes can be collected between runs.
type home struct {
	mu    sync.Mutex
	state life          // guarded by mu
	run   chan error    // result of the present or last run; guarded by mu
	turns chan *Reactor // hand-over to the goroutine; closed to end it
	gone  chan struct{} // closed when the goroutine has ended; nil before it began

	self atomic.Uintptr // identity of the goroutine, while it lives
}

// Run runs turns until Stop, and returns nil then. It fails with ErrRunning,
// ErrClosed or ErrDied before anything ran, as Config.CPUs says, or with the
// poller's error.
//
// A callback that ends its goroutine (runtime.Goexit, testing.T.FailNow) ends
// the reactor: all later calls are ErrDied, and the Goexit is repeated in the
// caller of Run.
func (r *Reactor) Run() error {
	run, err := r.begins()
	if err != nil {
		return err
	}
	r.untold = false
	r.home.turns <- r
	err = <-run
	if err == ErrDied {
		runtime.Goexit()
	}
	return err
}

// Start is Run in the background. The channel receives what Run would return;
// ErrDied comes without a Goexit. Config.Failed is told as well.
func (r *Reactor) Start() (<-chan error, error) {
	run, err := r.begins()
	if err != nil {
		return nil, err
	}
	r.untold = true
	r.home.turns <- r
	return run, nil
}

// begins takes the step from parked to running.
func (r *Reactor) begins() (chan error, error) {
	h := &r.home
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.state {
	case running:
		return nil, ErrRunning
	case dead:
		return nil, ErrDied
	case closed:
		return nil, ErrClosed
	}
	h.state = running
	h.run = make(chan error, 1)
	if h.gone == nil {
		h.gone = make(chan struct{})
		go live(h.turns, h.gone, thread{locked: r.cfg.LockThread, cpus: r.cfg.CPUs}, r.cfg.Ended)
	}
	return h.run, nil
}

// live is the body of a reactor's goroutine.
func live(turns <-chan *Reactor, gone chan<- struct{}, on thread, ended func()) {
	defer close(gone)
	on.lock()
	defer on.leave()
	for r := range turns {
		r.home.self.Store(uintptr(gid.Current()))
		r.failure = on.pin()
		r.serve()
	}
	if ended != nil {
		ended()
	}
}

// serve is one run: guarded stretches of turns, each until the run ends or a
// callback panics. A run that has failed before it began has none.
func (r *Reactor) serve() {
	ended := false
	defer func() {
		if !ended {
			r.die()
		}
	}()
	if r.cfg.Enter != nil {
		r.cfg.Enter()
	}
	r.ending = r.failure != nil
	for !r.stretch() {
	}
	ended = true
	r.ends(parked, r.failure)
}

// stretch runs turns and reports whether the run is over. A panic ends the
// stretch, not the run: the next one goes on in the middle of the turn. One
// deferred call guards any number of callbacks, so that a callback pays
// nothing for it.
func (r *Reactor) stretch() (over bool) {
	defer func() {
		if v := recover(); v != nil {
			r.caught(v)
		}
	}()
	for !r.ending {
		r.turn()
		r.ending = r.failure != nil || r.stopping.Load()
	}
	for len(r.flush)+len(r.flushing) > 0 {
		r.runFlush()
	}
	r.tell(r.failure)
	r.stopping.Store(false)
	return true
}

// tell tells the owner once what ends a run that nobody may be waiting for.
func (r *Reactor) tell(err error) {
	if err != nil && r.untold && r.cfg.Failed != nil {
		r.untold = false
		r.cfg.Failed(err)
	}
}

// die marks the reactor after a Goexit, which cannot be stopped. It is marked
// even if Failed, Dropped or Ended does the same again. The run is over when all is done.
func (r *Reactor) die() {
	left := r.refuse(ErrDied)
	defer r.ends(dead, ErrDied)
	defer r.home.self.Store(0)
	if r.cfg.Ended != nil {
		defer r.cfg.Ended()
	}
	defer left.drop(r.cfg.Dropped)
	r.tell(ErrDied)
}

// ends takes the step from running to state and hands back to who called Run.
func (r *Reactor) ends(state life, err error) {
	if r.cfg.Leave != nil {
		r.cfg.Leave()
	}
	r.publish()
	r.home.mu.Lock()
	defer r.home.mu.Unlock()
	r.home.state = state
	r.home.run <- err
}

// Running reports whether a run is under way. Any goroutine.
func (r *Reactor) Running() bool {
	r.home.mu.Lock()
	defer r.home.mu.Unlock()
	return r.home.state == running
}

// Refused is what calls get that schedule something: nil, ErrClosed or ErrDied.
// Loop only.
func (r *Reactor) Refused() error { return r.refused }

// Closed reports whether Close has succeeded. Any goroutine.
func (r *Reactor) Closed() bool {
	r.home.mu.Lock()
	defer r.home.mu.Unlock()
	return r.home.state == closed
}

// OnLoop reports whether the caller is the loop's goroutine. Any goroutine.
func (r *Reactor) OnLoop() bool { return uintptr(gid.Current()) == r.home.self.Load() }

// Close ends the reactor: what was scheduled is dropped and never runs, the
// poller is closed, registered descriptors stay open. It fails with ErrRunning
// while a run is under way; a second Close does nothing. Any goroutine.
func (r *Reactor) Close() error {
	h := &r.home
	h.mu.Lock()
	before := h.state
	if before != running {
		h.state = closed
	}
	h.mu.Unlock()
	switch before {
	case running:
		return ErrRunning
	case closed:
		return nil
	}
	return r.release()
}

// refuse refuses with err all that is scheduled from now on, and returns what was.
func (r *Reactor) refuse(err error) (left ready) {
	r.refused = err
	left, r.ready = r.ready, ready{}
	left.pushAll(r.mail.close(err))
	return left
}

// release drops all that a closed reactor held, its goroutine included, which
// calls Config.Ended when there is nothing left to schedule with.
func (r *Reactor) release() error {
	left := r.refuse(ErrClosed)
	r.timers.clear()
	r.slots = slots{}
	r.watches = make(map[int]*watch)
	r.again, r.standing, r.front, r.flush, r.flushing = nil, nil, nil, nil, nil
	r.cleanup.Stop()
	close(r.home.turns)
	if r.home.gone != nil {
		<-r.home.gone
	}
	r.home.self.Store(0)
	r.publish()
	err := r.poller.Close()
	left.drop(r.cfg.Dropped)
	if r.cfg.Closed != nil {
		r.cfg.Closed()
	}
	return err
}
