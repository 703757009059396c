package stream

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysReadPipe is sysRead, announced to the runtime.
func sysReadPipe(fd int, p []byte) (int, error) {
	n, err := syscall.Read(fd, p)
	return max(n, 0), err
}

// sysWritePipe is sysWrite, announced.
func sysWritePipe(fd int, p []byte) (int, error) {
	n, err := syscall.Write(fd, p)
	return max(n, 0), err
}

// sysWritevPipe is sysWritev, announced.
func sysWritevPipe(fd int, pieces [][]byte, v *vector) (int, error) {
	v.fill(pieces)
	defer clear(v.iov)
	n, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&v.iov[0])), uintptr(len(v.iov)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
