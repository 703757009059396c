package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/shardloop/shardloop/internal/gid"
)

// residence is where a loop lives: its goroutine and those of its coroutines
// point to it. Between runs it is empty, so that coroutines which wait for work
// do not keep their loop alive.
type residence struct {
	loop atomic.Pointer[Loop]

	refused gid.ID // the coroutine that was last refused a wait
	times   int    // how often in a row
}

// residences holds the residence that each goroutine belongs to. An entry goes
// when its goroutine does, so an identity cannot outlive its goroutine here.
var residences sync.Map // of gid.ID to *residence

func (r *residence) enter() { residences.Store(gid.Current(), r) }

func (r *residence) leave() { residences.Delete(gid.Current()) }

// residenceHere is that of the calling goroutine, or nil.
func residenceHere() *residence {
	r, _ := residences.Load(gid.Current())
	here, _ := r.(*residence)
	return here
}

// refusals is how many waits a coroutine may begin after its loop has ended,
// before it is ended itself.
const refusals = 1000

// refuse is a wait of a coroutine whose loop has ended. It ends one that goes on
// and on.
func (r *residence) refuse() {
	if id := gid.Current(); id != r.refused {
		r.refused, r.times = id, 0
	}
	if r.times++; r.times > refusals {
		runtime.Goexit()
	}
}

// ended is why a coroutine of the loop must not begin anything, or nil. It counts
// as a wait that is refused. Loop only.
func (l *Loop) ended() error {
	err := l.r.Refused()
	if err != nil {
		l.home.refuse()
	}
	return err
}

// mayBlock is why the calling goroutine must not be blocked, or nil: it is a
// loop's, or was one's until its end.
func mayBlock() error {
	r := residenceHere()
	if r == nil {
		return nil
	}
	err := ErrLoopClosed
	if l := r.loop.Load(); l != nil {
		if err = l.r.Refused(); err == nil {
			return ErrNotInTask
		}
	}
	r.refuse()
	return err
}

// onLoop reports whether the caller is the loop's goroutine or one of its
// coroutines. Any goroutine.
func (l *Loop) onLoop() bool { return l.r.OnLoop() || residenceHere() == l.home }

// RunningLoop returns the loop whose callback or task the caller is:
// get_running_loop. Outside of one it is ErrNoRunningLoop. Any goroutine.
func RunningLoop() (*Loop, error) {
	if r := residenceHere(); r != nil {
		if l := r.loop.Load(); l != nil {
			return l, nil
		}
	}
	return nil, ErrNoRunningLoop
}

// CurrentLoop returns the running loop, else the one that the policy holds for
// the calling goroutine: get_event_loop. It never makes one; with none it is
// ErrNoCurrentLoop. Any goroutine.
func CurrentLoop() (*Loop, error) {
	if l, err := RunningLoop(); err == nil {
		return l, nil
	}
	return CurrentPolicy().CurrentLoop()
}

// SetEventLoop makes l the current loop of the calling goroutine, nil none:
// set_event_loop. A goroutine that sets one clears it before it ends; the entry
// stays otherwise. Any goroutine.
func SetEventLoop(l *Loop) { CurrentPolicy().SetEventLoop(l) }
