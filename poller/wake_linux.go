package poller

import (
	"os"

	"golang.org/x/sys/unix"
)

// wakeDescriptors is what an open waker holds.
const wakeDescriptors = 1

func (w *waker) open() error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		fd = -1
	}
	w.fd, w.in = fd, fd
	return os.NewSyscallError("eventfd2", err)
}

func (w *waker) signal() error { return eventfdAdd(w.in) }
