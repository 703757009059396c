package floor

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Set is a turn of a loop that has nothing but readable descriptors: one poll
// of an epoll set, and a call through a table for each event whose generation is
// that of its slot.
type Set struct {
	epfd   int
	slots  []slot
	events [256]unix.EpollEvent
}

type slot struct {
	generation int32
	ready      func()
}

// NewSet registers fds, level-triggered, and calls ready for each event.
func NewSet(fds []int, ready func()) (*Set, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	s := &Set{epfd: epfd}
	for i, fd := range fds {
		ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i), Pad: 1}
		err = errors.Join(err, unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &ev))
		s.slots = append(s.slots, slot{1, ready})
	}
	return s, err
}

// Turn polls once and makes the calls.
func (s *Set) Turn() error {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.epfd),
		uintptr(unsafe.Pointer(&s.events[0])), uintptr(len(s.events)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	for i := range s.events[:n] {
		ev := &s.events[i]
		if p := &s.slots[ev.Fd]; p.generation == ev.Pad {
			p.ready()
		}
	}
	return nil
}

// Close releases the set.
func (s *Set) Close() error { return unix.Close(s.epfd) }
