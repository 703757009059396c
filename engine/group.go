package engine

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Group is several loops that serve together, one for each core as a rule. Each
// loop has a goroutine of its own and shares nothing with the others: a connection
// stays on one loop for life, and all its callbacks run there.
//
//	      Start, Run           Shutdown           its servers are
//	made ------------> running ---------> ending ----------------> closed
//	  |                  |                                           ^
//	  |                  +------------- the end of Run --------------+
//	  +-------------------------- Shutdown --------------------------+
//
// A group that is ending makes no further servers.
//
// A loop that ends while the group runs, because it died or was stopped, is closed
// with its connections. Its listening sockets go on with another loop, the rest of
// the group serves on, and Run and Shutdown tell of it.
//
// All methods may be called on any goroutine. Those with a ctx wait, as Await
// does: they suspend a task of any loop, and block other goroutines.
type Group struct {
	loops []*Loop
	turn  atomic.Uint32  // of Next
	runs  sync.WaitGroup // of the loops
	over  chan struct{}  // closed when the loops are

	mu      sync.Mutex
	state   groupState     // guarded by mu
	ended   []bool         // loops; guarded by mu
	servers []*GroupServer // not closed; guarded by mu
	errs    []error        // of loops that ended; guarded by mu
}

type groupState uint8

const (
	groupMade groupState = iota
	groupRunning
	groupEnding
	groupClosed
)

// NewGroup makes n loops, as many as GOMAXPROCS says for 0. With more than one,
// each loop has its own poller, so that Config.Poller must be nil. Of Config.CPUs
// each has one. It fails with an *ArgError, and as NewEventLoop does.
func NewGroup(n int, c Config) (*Group, error) {
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	switch {
	case n < 0:
		return nil, c.discard(badArg("n", "must not be negative"))
	case n > 1 && c.Poller != nil:
		return nil, c.discard(badArg("Poller", "must be nil for several loops"))
	}
	if err := c.Validate(); err != nil {
		return nil, c.discard(err)
	}
	g := &Group{ended: make([]bool, n), over: make(chan struct{})}
	for i := range n {
		l, err := NewEventLoop(c.member(i))
		if err != nil {
			return nil, errors.Join(err, g.closeLoops())
		}
		g.loops = append(g.loops, l)
	}
	return g, nil
}

func (g *Group) closeLoops() (err error) {
	for _, l := range g.loops {
		err = errors.Join(err, l.Close())
	}
	return err
}

// Loops are the loops, those that have ended included.
func (g *Group) Loops() []*Loop { return append([]*Loop(nil), g.loops...) }

// Stats are the counters of each loop.
func (g *Group) Stats() []Stats {
	var list []Stats
	for _, l := range g.loops {
		list = append(list, l.Stats())
	}
	return list
}

// Next is one loop after the other, without those that have ended; for work that
// any loop may do.
func (g *Group) Next() *Loop {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := uint32(len(g.loops))
	for range n {
		if i := (g.turn.Add(1) - 1) % n; !g.ended[i] {
			return g.loops[i]
		}
	}
	return g.loops[0] // all have ended: it says so itself
}

// Start runs all loops in the background. It fails with ErrLoopRunning or
// ErrLoopClosed when it is too late for that, and with the same when that is true
// of single loops; the others run then.
func (g *Group) Start() error {
	single, err := g.launch(0)
	return errors.Join(append(single, err)...)
}

// launch runs the loops in the background, but for the first ones, which the
// caller runs. All of them begin before anybody can end the group. It returns the
// errors of single loops apart.
func (g *Group) launch(others int) ([]error, error) {
	g.mu.Lock()
	if err := g.begin(); err != nil {
		g.mu.Unlock()
		return nil, err
	}
	g.runs.Add(others)
	errs := make([]error, len(g.loops))
	for i := others; i < len(g.loops); i++ {
		run, err := g.loops[i].r.Start()
		if errs[i] = err; err == nil {
			g.runs.Go(func() { g.fell(i, <-run) })
		}
	}
	g.mu.Unlock()
	for i, err := range errs {
		if err != nil {
			g.fell(i, err)
		}
	}
	return errs, nil
}

// begin takes the step to running. The caller has the lock.
func (g *Group) begin() error {
	switch g.state {
	case groupMade:
		g.state = groupRunning
		return nil
	case groupRunning:
		return ErrLoopRunning
	default:
		return ErrLoopClosed
	}
}

// errStopped is what the end of a loop is that nobody but Stop has ended.
var errStopped = errors.New("the loop was stopped")

// fell takes a loop out that has ended, unless the group has.
func (g *Group) fell(i int, err error) {
	servers, takeOut := g.note(i, err)
	if !takeOut {
		return
	}
	for _, s := range servers {
		s.fell(g.loops[i])
	}
	_ = g.loops[i].Close() // has told what is wrong
}

// note notes the end of a loop, and reports whether it has to be taken out, and of
// which servers.
func (g *Group) note(i int, err error) ([]*GroupServer, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	takeOut := g.state != groupClosed
	if err == nil && takeOut {
		err = errStopped
	}
	if err != nil {
		g.errs = append(g.errs, fmt.Errorf("loop %d of the group has ended: %w", i, err))
	}
	g.ended[i] = takeOut
	return slices.Clone(g.servers), takeOut
}

// live are the loops that have not ended, and why there are none.
func (g *Group) live() ([]*Loop, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.state {
	case groupMade:
		return nil, ErrLoopNotRunning
	case groupClosed:
		return nil, ErrLoopClosed
	}
	var list []*Loop
	for i, l := range g.loops {
		if !g.ended[i] {
			list = append(list, l)
		}
	}
	if len(list) == 0 {
		return nil, errors.Join(g.errs...)
	}
	return list, nil
}
