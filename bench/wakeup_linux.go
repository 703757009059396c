package bench

import (
	"context"
	"errors"
	"time"

	"github.com/shardloop/shardloop/bench/floor"
	"golang.org/x/sys/unix"
)

var wakeupFloor = Side{Name: "floor", Kind: Floor, Run: eventfdWakeup}

// eventfdWakeup is a goroutine blocked in epoll_pwait on an eventfd.
func eventfdWakeup(ctx context.Context, t Task) (Metrics, error) {
	bell, err := floor.NewBell()
	if err != nil {
		return nil, err
	}
	a := newAlarm(t)
	ctx, cancel := context.WithCancel(ctx)
	posted := a.postFrom(ctx, t, func() { _ = bell.Ring() })
	for last := false; err == nil && !last; {
		if err = bell.Wait(); err == nil {
			last = a.ring()
		}
	}
	cancel()
	return a.seen.metrics(), errors.Join(err, <-posted, bell.Close())
}

// kernelSleep sleeps without the runtime's timers.
func kernelSleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil) // an interrupted sleep is a shorter one
}
