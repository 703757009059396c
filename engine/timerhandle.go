package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// TimerHandle is a callback that was scheduled for a time: asyncio's
// TimerHandle. It is a Handle with a deadline.
type TimerHandle struct {
	Handle
	deadline reactor.Timer
}

func (l *Loop) newTimerHandle(ctx context.Context, when time.Duration, fn func()) *TimerHandle {
	t := &TimerHandle{Handle: Handle{loop: l, fn: fn, ctx: ctx, when: when, timer: true}}
	if l.debug.Load() {
		t.made = callers()
	}
	t.deadline.Init(runTimerHandle, t)
	return t
}

func runTimerHandle(arg any) {
	if t := arg.(*TimerHandle); t.take(handleRan) {
		t.run()
	}
}

// When is the loop time at which the callback runs: when. It stays the same
// after the callback has run or was cancelled. Any goroutine.
func (t *TimerHandle) When() time.Duration { return t.when }

// Cancel keeps the callback from running: cancel. The loop lets go of the timer
// at once, also when it is due already. Loop only.
func (t *TimerHandle) Cancel() {
	if t.take(handleCancelled) {
		t.loop.r.Cancel(&t.deadline)
		t.fn = nil
	}
}

// Compare orders timer handles by deadline: the comparisons of TimerHandle.
func (t *TimerHandle) Compare(u *TimerHandle) int { return cmp.Compare(t.when, u.when) }

// timerPool holds the timers of CallAtArg, which nobody has a handle of and
// which can therefore be used again.
type timerPool struct{ free *pooledTimer }

type pooledTimer struct {
	timer reactor.Timer
	loop  *Loop
	fn    func(any)
	arg   any
	next  *pooledTimer
}

func (p *timerPool) schedule(l *Loop, when int64, fn func(any), arg any) error {
	t := p.free
	if t == nil {
		t = &pooledTimer{loop: l}
		t.timer.Init(runPooledTimer, t)
	} else {
		p.free = t.next
	}
	t.fn, t.arg = fn, arg
	return l.r.Schedule(&t.timer, when)
}

func runPooledTimer(a any) {
	t := a.(*pooledTimer)
	fn, arg := t.fn, t.arg
	t.fn, t.arg = nil, nil
	t.next, t.loop.pool.free = t.loop.pool.free, t
	fn(arg)
}
