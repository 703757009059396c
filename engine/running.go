package engine

import (
	"sync"

	"github.com/shardloop/shardloop/internal/gid"
)

// runningLoops holds the loop that runs on each goroutine. An entry lives for
// one run, so an identity cannot outlive its goroutine here.
var runningLoops sync.Map // of gid.ID to *Loop

// RunningLoop returns the loop whose callback the caller is: get_running_loop.
// Outside of one it is ErrNoRunningLoop. Any goroutine.
func RunningLoop() (*Loop, error) {
	if l, ok := runningLoops.Load(gid.Current()); ok {
		return l.(*Loop), nil
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
