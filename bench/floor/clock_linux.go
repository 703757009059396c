package floor

import (
	"errors"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Clock is a sleep until a moment: a timerfd armed at an absolute time, in an
// epoll set that a goroutine blocks on.
type Clock struct {
	epfd, fd int
	base     time.Time
	offset   int64 // of base on CLOCK_MONOTONIC
	events   [1]unix.EpollEvent
}

// NewClock makes a clock that starts at zero.
func NewClock() (*Clock, error) {
	c := &Clock{base: time.Now(), offset: math.MaxInt64}
	var errs [4]error
	for range 10 { // whoever is held up between the looks is late, and never early
		var ts unix.Timespec
		before := c.Now()
		errs[0] = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
		c.offset = min(c.offset, ts.Nano()-int64(before))
	}
	c.epfd, errs[1] = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	c.fd, errs[2] = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
	errs[3] = unix.EpollCtl(c.epfd, unix.EPOLL_CTL_ADD, c.fd, &ev)
	return c, errors.Join(errs[:]...)
}

// Now is the time since the clock was made.
func (c *Clock) Now() time.Duration { return time.Since(c.base) }

// WaitUntil sleeps until the moment due of this clock.
func (c *Clock) WaitUntil(due time.Duration) error {
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(due) + c.offset)}
	if err := unix.TimerfdSettime(c.fd, unix.TFD_TIMER_ABSTIME, &at, nil); err != nil {
		return err
	}
	for {
		_, err := unix.EpollWait(c.epfd, c.events[:], -1)
		if err != unix.EINTR {
			return err
		}
	}
}

// Close releases the descriptors.
func (c *Clock) Close() error {
	return errors.Join(unix.Close(c.epfd), unix.Close(c.fd))
}
