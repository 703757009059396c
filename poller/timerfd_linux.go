package poller

import (
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// timer ends a wait at its deadline. It is a timerfd, because the timeouts of
// the kernel's waits carry 0.1 % of slack and a timerfd carries none.
//
//	          arm                    expire, event taken
//	idle ------------> armed at t ------------------------> idle
//	(armed =             |    ^
//	 NoDeadline)         +----+ arm, earlier than t
//
// It is never disarmed and never read: a deadline later than t leaves it, at
// the price of one early return, and saves the call that would move it.
type timer struct {
	fd    int
	armed int64 // NoDeadline when no expiry is to come
}

func (t *timer) open() error {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		t.fd = -1
		return os.NewSyscallError("timerfd_create", err)
	}
	t.fd, t.armed = fd, NoDeadline
	return nil
}

// covers tells that the timer expires at deadline or before, or that there is no
// deadline.
func (t *timer) covers(deadline int64) bool { return t.armed <= deadline }

// arm sets the timer to deadline, which lies in the future.
func (t *timer) arm(deadline int64) error {
	at := unix.ItimerSpec{Value: monotonic(deadline)}
	if err := timerfdSet(t.fd, &at); err != nil {
		return err
	}
	t.armed = deadline
	return nil
}

func (t *timer) expired() { t.armed = NoDeadline }

// farthest is the last second that a timer is set to: what a 32-bit timespec
// holds, 68 years of uptime. A later deadline returns early.
const farthest = math.MaxInt32

// monotonic is deadline on CLOCK_MONOTONIC.
func monotonic(deadline int64) unix.Timespec {
	const last = farthest * int64(time.Second)
	ns := int64(last)
	if offset := monotonicOffset(); deadline < last-offset {
		ns = deadline + offset
	}
	return unix.NsecToTimespec(ns)
}

// monotonicOffset is what CLOCK_MONOTONIC is ahead of Now, rounded up.
//
// A reading of the kernel's clock falls after the Now before it, so the
// difference of the two is the offset or more: every try is an upper bound and
// the least of them the tightest. Rounding up is what keeps a timer from
// expiring early on our clock.
var monotonicOffset = sync.OnceValue(func() int64 {
	const tries = 16 // the first few pay for cold caches
	least := int64(math.MaxInt64)
	for range tries {
		before := Now()
		var ts unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) == nil {
			least = min(least, ts.Nano()-before)
		}
	}
	return least
})
