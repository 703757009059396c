package engine

import (
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// Timer is a deadline to embed in what it belongs to: arming, moving and
// cancelling it allocates nothing. Init comes first. A Timer belongs to one
// loop and must not be copied while it is armed.
type Timer struct{ t reactor.Timer }

// Init sets what the timer calls. Not while it is armed.
func (t *Timer) Init(fn func(any), arg any) { t.t.Init(fn, arg) }

// When is the deadline last set, on the clock of Loop.Time.
func (t *Timer) When() time.Duration { return time.Duration(t.t.When()) }

// Schedule arms t for the loop time when, or moves it there: call_at for a
// Timer. A time in the past is the next turn. Timers of one deadline run in the
// order they were scheduled. It fails with ErrLoopClosed. Loop only.
func (l *Loop) Schedule(t *Timer, when time.Duration) error {
	if err := l.checkGoroutine(); err != nil {
		return err
	}
	return l.r.Schedule(&t.t, int64(when))
}

// Unschedule disarms t and reports whether it had still to run. After it t does
// not run, even if it was due already. Loop only.
func (l *Loop) Unschedule(t *Timer) bool { return l.r.Cancel(&t.t) }
