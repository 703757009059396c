package poller

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file holds every raw system call of the package. A raw call does not
// tell the scheduler that it has left Go, which saves about 40 ns; one that
// blocked would hold its processor and hang the garbage collector. So each of
// them says why it cannot block, and a wait that may block is not among them.

// epollNow fetches what is ready into buf. A zero timeout makes the kernel
// return at once, whatever it finds.
func epollNow(fd int, buf []unix.EpollEvent) (int, error) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd),
			uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, os.NewSyscallError("epoll_pwait", errno)
	}
}

// epollCtl changes one registration. The kernel walks its own tables under
// locks that it never holds across a wait.
func epollCtl(epfd, op, fd int, ev *unix.EpollEvent) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), uintptr(op),
		uintptr(fd), uintptr(unsafe.Pointer(ev)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

// timerfdSet arms fd at an absolute time. The kernel queues a timer and
// returns.
func timerfdSet(fd int, at *unix.ItimerSpec) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(fd), unix.TFD_TIMER_ABSTIME,
		uintptr(unsafe.Pointer(at)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("timerfd_settime", errno)
	}
	return nil
}
