//go:build unix

package poller

import (
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// waker is a descriptor that any goroutine makes readable and its owner
// watches: an eventfd on Linux, a pipe elsewhere.
//
// The lock keeps a late wake away from a closed descriptor, whose number may
// by then name somebody else's: wakes share it, close takes it alone.
type waker struct {
	mu sync.RWMutex
	fd int // watched; -1 once closed
	in int // written; fd itself for an eventfd
}

func (w *waker) wake() error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.fd < 0 {
		return net.ErrClosed
	}
	return w.signal()
}

// drain takes every wake-up so far, for a poller that watches conditions and
// not changes. Owner only.
func (w *waker) drain() {
	var buf [64]byte
	for {
		n, err := unix.Read(w.fd, buf[:])
		if err != unix.EINTR && n < len(buf) {
			return
		}
	}
}

func (w *waker) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.in == w.fd {
		w.in = -1
	}
	err := closeFD(&w.in)
	if e := closeFD(&w.fd); err == nil {
		err = e
	}
	return err
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
