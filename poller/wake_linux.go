package poller

import (
	"encoding/binary"
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

// signal adds one to the eventfd, which would take 2^64 of them to fill. The
// call announces itself to the runtime although it cannot block: that wakes the
// runtime's monitor, without which a parked wait is not served while all
// processors are busy.
func (w *waker) signal() error {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, err := unix.Write(w.in, one[:])
	return os.NewSyscallError("write", err)
}
