package engine

import (
	"log/slog"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/poller"
)

// Host is how a loop waits for something to do; see the constants.
type Host = reactor.Host

const (
	// HostAuto, the default, parks in the runtime's poller, which is cheapest
	// while a processor of the runtime is idle, and blocks in the system call
	// for a while when a wake-up came more than a millisecond late.
	HostAuto = reactor.HostAuto
	// HostBlock keeps a thread in the system call.
	HostBlock = reactor.HostBlock
	// HostPark always leaves the wait to the runtime's poller.
	HostPark = reactor.HostPark
)

// Config says how a loop works. The zero value is the default.
type Config struct {
	// Poller waits for descriptors; nil takes the best of the platform. The
	// loop owns it and closes it, also when NewEventLoop fails.
	Poller poller.Poller

	// Host is how the loop waits; HostAuto by default.
	Host Host

	// LockThread keeps the loop on one operating system thread of its own, for C
	// libraries that ask for it. HostAuto then blocks, and HostPark is refused: it
	// would cost two thread switches a wake-up.
	LockThread bool

	// CPUs pin the loop: its thread, which is locked as by LockThread, runs on
	// these processors only, by the numbers of the system. NewGroup gives each loop
	// one of them in turn, the first to the first loop. None is any.
	//
	// They are checked against what the process may run on, and taken when the loop
	// first runs; a run fails with a *os.SyscallError if they are all gone by then.
	// Goroutines that callbacks start are not pinned, nor are executors. Programs that
	// are started on the loop's goroutine are, and threads of C code: start them from
	// another one. Linux only; elsewhere a loop with CPUs is refused with
	// ErrUnsupported.
	CPUs []int

	// PollEvery lets up to so many turns share one poll while callbacks keep
	// each other busy. 0 and 1 poll in every turn, which is asyncio's order;
	// 64 makes a chain of callbacks more than ten times faster and lets I/O and timers
	// wait for at most 64 turns.
	PollEvery int

	// TimerSpin makes the loop wake up so much before a timer's deadline and
	// poll the rest of the way: a lateness of a microsecond for as much CPU
	// time. 0, the default, leaves deadlines to the kernel.
	TimerSpin time.Duration

	// Linger is how long a connection that was closed with input unread stays
	// open, so that the peer can read to the end what was sent to it; 0 is two
	// seconds, and a negative number not at all.
	Linger time.Duration

	// CloseTimeout is how long a connection that was closed may take to send what
	// is left, counted from Close. When it passes, the rest is dropped, and
	// ConnectionLost gets a *net.OpError that is ErrCloseTimeout and holds a
	// *TimeoutError. 0 is any time.
	CloseTimeout time.Duration

	// MemoryLimit is how many bytes of buffer memory the connections of the loop
	// may hold: what waits to be sent, memory that WriteOwned was given included,
	// what Transport.Retain keeps, and what was posted and has not arrived. Above
	// it the loop reads and accepts no more until it is down to three quarters of
	// it; see MemoryBudget. 0 is any number.
	MemoryLimit int

	// Budget is a limit that the loop shares with others, beside its own, nil for
	// none. The loops of a Group share the one of their Config.
	Budget *MemoryBudget

	// Logger takes warnings and errors; nil is silent, but for panics of
	// callbacks that no exception handler takes, which go to standard error.
	Logger *slog.Logger

	// Debug begins in debug mode; see Loop.SetDebug.
	Debug bool
}

// maxTimerSpin bounds TimerSpin: beyond a millisecond the kernel's timers are
// good enough, and the loop would burn a processor.
const maxTimerSpin = time.Millisecond

// defaultLinger is what a peer on the other side of the world needs for a few
// round trips.
const defaultLinger = 2 * time.Second

func (c *Config) linger() time.Duration {
	if c.Linger == 0 {
		return defaultLinger
	}
	return c.Linger
}

// Validate returns an *ArgError for the first field that is out of range, and
// an error that is ErrUnsupported for CPUs where loops cannot be pinned.
func (c *Config) Validate() error {
	switch {
	case c.Host > HostPark:
		return badArg("Host", "is none of HostAuto, HostBlock and HostPark")
	case c.locks() && c.Host == HostPark:
		return badArg("Host", "must not be HostPark with LockThread or CPUs")
	case c.PollEvery < 0:
		return badArg("PollEvery", "must not be negative")
	case c.TimerSpin < 0 || c.TimerSpin > maxTimerSpin:
		return badArg("TimerSpin", "must be between 0 and 1ms")
	case c.CloseTimeout < 0:
		return badArg("CloseTimeout", "must not be negative")
	case c.MemoryLimit < 0:
		return badArg("MemoryLimit", "must not be negative")
	case c.Budget != nil && c.Budget.shared == nil:
		return badArg("Budget", "must be made by NewMemoryBudget")
	}
	return c.validateCPUs()
}
