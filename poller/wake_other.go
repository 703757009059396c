//go:build unix && !linux

package poller

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// wakeDescriptors is what an open waker holds: both ends of a pipe.
const wakeDescriptors = 2

// open makes the pipe under the fork lock, because not every system can make
// one that is close-on-exec from the start.
func (w *waker) open() error {
	ends := [2]int{-1, -1}
	syscall.ForkLock.RLock()
	err := unix.Pipe(ends[:])
	if err == nil {
		unix.CloseOnExec(ends[0])
		unix.CloseOnExec(ends[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		w.fd, w.in = -1, -1
		return os.NewSyscallError("pipe", err)
	}
	w.fd, w.in = ends[0], ends[1]
	for _, fd := range ends {
		if err := unix.SetNonblock(fd, true); err != nil {
			w.close()
			return os.NewSyscallError("fcntl", err)
		}
	}
	return nil
}

// signal writes a byte. A full pipe holds wake-ups enough.
func (w *waker) signal() error {
	for {
		switch _, err := unix.Write(w.in, []byte{1}); err {
		case unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return os.NewSyscallError("write", err)
		}
	}
}
