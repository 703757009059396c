package engine

import (
	"context"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// Sleep waits for d: asyncio's sleep. In a task it suspends the task and
// allocates nothing in the steady state; a d of zero or less lets everything run
// that is scheduled, and is the cheapest way to wait. It ends early as Await
// does. In a bare callback it is ErrNotInTask; on other goroutines they sleep.
func Sleep(ctx context.Context, d time.Duration) error {
	t, here := taskHere(ctx)
	switch {
	case !here:
		return sleepElsewhere(ctx, d)
	case d > 0:
		return t.sleep(ctx, d)
	case !t.plain(ctx):
		return t.pauseWithin(ctx)
	}
	// A wait for nothing, without what a wait does besides, and without a call that
	// the switch would have to return to.
	t.waits++
	_ = t.loop.r.Soon(stepTask, t) // a closed loop ends the wait
	if !t.top().Suspend() {
		return t.refused()
	}
	if t.cut != nil {
		return t.cut.outcome(nil)
	}
	return nil
}

// pauseWithin ends the step and begins the next one in the next turn, for a
// context that may end before the task.
func (t *task) pauseWithin(ctx context.Context) error {
	unbind, err := t.bind(ctx)
	if err != nil {
		return err
	}
	_ = t.loop.r.Soon(stepTask, t) // a closed loop ends the wait
	return t.wait(unbind, nil)
}

func (t *task) sleep(ctx context.Context, d time.Duration) error {
	unbind, err := t.bind(ctx)
	if err != nil {
		return err
	}
	when := after(t.loop.Time(), d)
	s := t.loop.sleeper()
	s.task = t
	_ = t.loop.r.Schedule(&s.timer, int64(when)) // a closed loop ends the wait
	if err = t.wait(unbind, s); err == nil {
		err = s.err
	}
	s.free()
	return err
}

// sleeper is what a sleeping task waits for. The loop uses it again and again.
type sleeper struct {
	timer reactor.Timer
	task  *task
	err   error // of a cancellation
	over  bool  // the task's step is scheduled
	next  *sleeper
}

func (l *Loop) sleeper() *sleeper {
	s := l.sleepers
	if s == nil {
		s = &sleeper{}
		s.timer.Init(wakeSleeper, s)
		return s
	}
	l.sleepers, s.next = s.next, nil
	return s
}

func (s *sleeper) free() {
	l := s.task.loop
	s.task, s.err, s.over = nil, nil, false
	if l.r.Cancel(&s.timer) {
		return // the loop was closed under it
	}
	s.next, l.sleepers = l.sleepers, s
}

func wakeSleeper(arg any) { arg.(*sleeper).wake() }

func (s *sleeper) wake() {
	s.over = true
	_ = s.task.loop.r.Soon(stepTask, s.task) // a closed loop ends the wait
}

// Cancel ends the sleep.
func (s *sleeper) Cancel(cause error) bool {
	if s.over {
		return false
	}
	s.task.loop.r.Cancel(&s.timer)
	s.err = cancellationOf(cause)
	s.wake()
	return true
}

// Cancelled reports whether the sleep was ended.
func (s *sleeper) Cancelled() bool { return s.err != nil }

// sleepElsewhere blocks a goroutine that is no loop's.
func sleepElsewhere(ctx context.Context, d time.Duration) error {
	if err := mayBlock(); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
