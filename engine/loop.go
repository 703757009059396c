package engine

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shardloop/shardloop/engine/internal/coro"
	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

// Loop is one event loop: asyncio's EventLoop. It runs on one goroutine of its
// own, from the first run until Close. A loop that is collected unclosed, which
// takes that it does not run, is closed then, with a warning that tells in debug
// mode where the loop was made.
type Loop struct {
	r   *reactor.Reactor
	log *slog.Logger // never nil

	ctx     context.Context // of the callback that runs; base outside of one
	base    context.Context
	current *Handle // the handle that runs
	pool    timerPool

	debug   atomic.Bool
	slow    atomic.Int64 // a slow callback, in nanoseconds
	handler ExceptionHandler
	verbose bool // the configuration has a logger

	executors executors
	signals   signalSet

	home      *residence
	coros     *coro.Pool
	tasks     taskList
	unwound   []AnyTask // tasks that the loop's end has ended
	eager     int       // eager first steps under way, inside each other
	loose     *looseTask
	sleepers  *sleeper
	sockWaits *sockWait // free ones
	factory   TaskFactory
	gens      asyncGens
	exports   exported
	lost      lostErrors

	streams    *transports        // nil before the first of them
	datagrams  *datagramEndpoints // nil before the first of them
	standIns   standIns           // nil before the first of them
	shown      transportStats     // of the reactor's Shown
	servers    []*Server          // that are not over
	linger     time.Duration
	closing    time.Duration // Config.CloseTimeout
	memory     memoryLimits
	lookup     lookup
	nameLookup nameLookup
	cpus       []int // that it is pinned to
}

// NewEventLoop makes a loop that does not run yet and is nobody's current one:
// new_event_loop. The policy decides what it is; the default makes it on the
// best poller of the platform. It fails with an *ArgError for a bad Config, with
// an error that wraps errors.ErrUnsupported where the platform has no poller, or
// cannot pin a loop, or with what the system said. Any goroutine.
func NewEventLoop(cfg Config) (*Loop, error) { return CurrentPolicy().NewEventLoop(cfg) }

// newLoop is NewEventLoop below the policy.
func newLoop(cfg Config) (*Loop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, cfg.discard(err)
	}
	home := &residence{}
	l := &Loop{base: context.Background(), log: slog.New(slog.DiscardHandler), home: home}
	l.coros = &coro.Pool{Locked: cfg.locks(), Born: home.enter, Gone: home.leave}
	if cfg.Logger != nil {
		l.log, l.verbose = cfg.Logger, true
	}
	l.cpus = slices.Clone(cfg.CPUs)
	l.ctx, l.lookup, l.nameLookup = l.base, netLookup(net.DefaultResolver), netNames(net.DefaultResolver)
	l.linger, l.closing = cfg.linger(), cfg.CloseTimeout
	l.memory = cfg.memory()
	l.slow.Store(int64(defaultSlowCallback))
	l.debug.Store(debugWanted(os.Getenv(debugVariable)) || cfg.Debug)
	r, err := reactor.New(cfg.reactor(l))
	if err != nil {
		return nil, cfg.discard(err)
	}
	l.r = r
	return l, nil
}

// discard closes the poller of a configuration that came to nothing, and
// returns the error that matters.
func (c *Config) discard(err error) error {
	if c.Poller != nil {
		_ = c.Poller.Close()
	}
	return err
}

func (c *Config) reactor(l *Loop) reactor.Config {
	log, made := l.log, stack(nil) // and not l, which they would keep alive
	if l.Debug() {
		made = callers()
	}
	return reactor.Config{
		Poller:     c.Poller,
		Host:       c.Host,
		LockThread: c.locks(),
		CPUs:       l.cpus,
		PollEvery:  c.PollEvery,
		TimerSpin:  c.TimerSpin,
		Fault:      l.fault,
		Failed:     l.failed,
		WakeFailed: l.wakeFailed,
		Unclosed:   func() { log.Warn("an event loop was never closed" + made.note()) },
		Enter:      l.enter,
		Leave:      l.leave,
		Ended:      l.coros.Close,
		BeforePoll: l.accounting(),
		Published:  l.publish,
		Dropped:    stream.Dropped,
		Closed:     l.closed,
	}
}

func (l *Loop) enter() {
	l.home.loop.Store(l)
	l.home.enter()
}

func (l *Loop) leave() {
	l.home.leave()
	l.home.loop.Store(nil)
	if err := l.r.Refused(); err != nil {
		l.exports.close(err) // nobody will serve them any more
	}
}

// wakeFailed logs what nobody can act on, and only in debug mode.
func (l *Loop) wakeFailed(err error) {
	if l.debug.Load() {
		l.log.Debug("waking the event loop failed", "error", err)
	}
}

// RunForever runs the loop until Stop: run_forever. The caller waits. It fails
// with ErrLoopRunning when this loop runs already or the caller is a callback of
// another one, with ErrLoopClosed or ErrLoopDied before anything ran, or with
// the poller's error. A callback that calls runtime.Goexit ends the loop for
// good, and the Goexit is repeated in the caller.
func (l *Loop) RunForever() error {
	if _, err := RunningLoop(); err == nil {
		return ErrLoopRunning
	}
	return l.r.Run()
}

// cannotRun is why a run would be refused, or nil.
func (l *Loop) cannotRun() error {
	if _, err := RunningLoop(); err == nil || l.IsRunning() {
		return ErrLoopRunning
	}
	return l.r.Refused()
}

// Start runs the loop in the background, for RunForever with a goroutine of its
// own to wait. It fails with ErrLoopRunning, ErrLoopClosed or ErrLoopDied before
// anything ran. Nobody waits for the run, so what ends it other than Stop, the
// poller's error or ErrLoopDied, goes to the exception handler as the last thing
// that the run does, with the message "Event loop failed". Any goroutine.
func (l *Loop) Start() error {
	_, err := l.r.Start()
	return err
}

// Stop ends the present run after its present turn, or the next run after one
// turn: stop. It wakes a sleeping loop. Any goroutine.
func (l *Loop) Stop() { l.r.Stop() }

// IsRunning reports whether a run is under way: is_running. Any goroutine.
func (l *Loop) IsRunning() bool { return l.r.Running() }

// IsClosed reports whether Close has succeeded: is_closed. Any goroutine.
func (l *Loop) IsClosed() bool { return l.r.Closed() }

// Close ends the loop: close. What is scheduled is dropped and never runs, the
// loop's own descriptors are closed, its signal handlers are removed, and the
// default executor is told to stop without waiting for its jobs. Servers are
// closed and transports aborted, and nobody is told. Descriptors that are watched
// stay open. Tasks that are not done see ErrLoopClosed in the
// wait that they are in and in all later ones, and end; Close waits for that, and
// reports them to the exception handler, on the calling goroutine. Calls of other
// goroutines that wait for the loop end with ErrLoopClosed. It fails with
// ErrLoopRunning during a run, and changes nothing then; the poller's error is
// told when all is closed. A second Close does nothing. Any goroutine.
func (l *Loop) Close() error {
	if l.onLoop() {
		return ErrLoopRunning
	}
	return l.r.Close()
}

// closed is what Close does besides.
func (l *Loop) closed() {
	for _, s := range slices.Clone(l.servers) { // which ends some
		s.drop()
	}
	if l.datagrams != nil {
		l.datagrams.Close()
	}
	if l.streams != nil {
		l.streams.Close()
	}
	l.dropTasks()
	l.reportLost()
	l.exports.close(ErrLoopClosed)
	l.closeSignals()
	l.executors.close()
}

// Time is the loop's clock: time. It is monotonic, with nanosecond resolution,
// since an unspecified start that all loops of a process share. Any goroutine.
func (l *Loop) Time() time.Duration { return time.Duration(l.r.Now()) }

// String shows the loop's state: repr.
func (l *Loop) String() string {
	return fmt.Sprintf("<Loop running=%t closed=%t debug=%t>", l.IsRunning(), l.IsClosed(), l.Debug())
}
