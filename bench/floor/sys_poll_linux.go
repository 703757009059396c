package floor

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poll is a turn of a loop that has nothing but callbacks: one look at an epoll
// set of two silent descriptors, a wake-up and a timer. It is a raw call, which
// a call that cannot block may be.
type Poll struct {
	epfd, wake, timer int
	events            [256]unix.EpollEvent
	base              time.Time
	Now               time.Duration // of the last TimedStep
}

// NewPoll makes the set.
func NewPoll() (*Poll, error) {
	p := &Poll{base: time.Now()}
	var errs [5]error
	p.epfd, errs[0] = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	p.wake, errs[1] = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	p.timer, errs[2] = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	for i, fd := range []int{p.wake, p.timer} {
		ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
		errs[3+i] = unix.EpollCtl(p.epfd, unix.EPOLL_CTL_ADD, fd, &ev)
	}
	return p, errors.Join(errs[:]...)
}

// Step polls.
func (p *Poll) Step() error {
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epfd),
		uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// TimedStep polls and reads the clock, which a turn with a live timer must.
func (p *Poll) TimedStep() error {
	err := p.Step()
	p.Now = time.Since(p.base)
	return err
}

// Close releases the set.
func (p *Poll) Close() error {
	return errors.Join(unix.Close(p.epfd), unix.Close(p.wake), unix.Close(p.timer))
}
