package poller

import (
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// waker is an eventfd that any goroutine writes and its owner watches.
//
// The lock keeps a late wake away from a closed descriptor, whose number may
// by then name somebody else's: wakes share it, close takes it alone.
type waker struct {
	mu sync.RWMutex
	fd int // -1 once closed
}

func (w *waker) open() error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		w.fd = -1
		return os.NewSyscallError("eventfd2", err)
	}
	w.fd = fd
	return nil
}

func (w *waker) wake() error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.fd < 0 {
		return net.ErrClosed
	}
	return eventfdAdd(w.fd)
}

func (w *waker) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return closeFD(&w.fd)
}

// closeFD closes *fd, if it is open, and marks it closed.
func closeFD(fd *int) error {
	if *fd < 0 {
		return nil
	}
	err := unix.Close(*fd)
	*fd = -1
	return os.NewSyscallError("close", err)
}
