package engine

import (
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// Loop is one event loop: asyncio's EventLoop. It runs on one goroutine of its
// own, from the first run until Close.
type Loop struct {
	r *reactor.Reactor
}

// NewEventLoop makes a loop that does not run yet: new_event_loop. It fails
// with an *ArgError for a bad Config, with an error that wraps
// errors.ErrUnsupported where the platform has no poller, or with what the
// system said.
func NewEventLoop(cfg Config) (*Loop, error) {
	err := cfg.Validate()
	if err == nil {
		var r *reactor.Reactor
		if r, err = reactor.New(cfg.reactor()); err == nil {
			return &Loop{r: r}, nil
		}
	}
	if cfg.Poller != nil {
		_ = cfg.Poller.Close() // the error that matters is the one that led here
	}
	return nil, err
}

func (c *Config) reactor() reactor.Config {
	return reactor.Config{
		Poller:     c.Poller,
		Host:       c.Host,
		LockThread: c.LockThread,
		PollEvery:  c.PollEvery,
		TimerSpin:  c.TimerSpin,
	}
}

// RunForever runs the loop until Stop: run_forever. The caller waits. It fails
// with ErrLoopRunning, ErrLoopClosed or ErrLoopDied before anything ran, or
// with the poller's error. A callback that calls runtime.Goexit ends the loop
// for good, and the Goexit is repeated in the caller.
func (l *Loop) RunForever() error { return l.r.Run() }

// Stop ends the present run after its present turn, or the next run after one
// turn: stop. It wakes a sleeping loop. Any goroutine.
func (l *Loop) Stop() { l.r.Stop() }

// IsRunning reports whether a run is under way: is_running. Any goroutine.
func (l *Loop) IsRunning() bool { return l.r.Running() }

// Close drops what is scheduled and releases the loop's own descriptors: close.
// Descriptors that are watched stay open. It fails with ErrLoopRunning during a
// run; a second Close does nothing. Any goroutine.
func (l *Loop) Close() error { return l.r.Close() }

// Time is the loop's clock: time. It is monotonic, with nanosecond resolution,
// since an unspecified start that all loops of a process share. Any goroutine.
func (l *Loop) Time() time.Duration { return time.Duration(l.r.Now()) }

// CallSoonArg calls fn(arg) in the next turn, after everything scheduled
// before: call_soon without a handle. It allocates nothing when arg is a
// pointer. It fails with an *ArgError for a nil fn and with ErrLoopClosed. Loop
// only.
func (l *Loop) CallSoonArg(fn func(any), arg any) error {
	if fn == nil {
		return badArg("fn", "must not be nil")
	}
	return l.r.Soon(fn, arg)
}

// CallSoonThreadsafeArg is CallSoonArg for every goroutine:
// call_soon_threadsafe without a handle. It wakes a sleeping loop. Calls of one
// goroutine run in their order. Losing the race with Close is ErrLoopClosed.
func (l *Loop) CallSoonThreadsafeArg(fn func(any), arg any) error {
	if fn == nil {
		return badArg("fn", "must not be nil")
	}
	return l.r.Post(fn, arg)
}
