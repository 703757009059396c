package stream

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file holds every raw system call of the package. The descriptors do not
// block, so none of these calls can.

// sysRead reads what there is; EAGAIN for nothing.
func sysRead(fd int, p []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
}

// vector is the room for the pieces of one writev.
type vector struct{ iov []unix.Iovec }

// sysWrite writes as much as there is room for; EAGAIN for none.
func sysWrite(fd int, p []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
}

// sysWritev is sysWrite for several pieces.
func sysWritev(fd int, pieces [][]byte, v *vector) (int, error) {
	v.fill(pieces)
	defer clear(v.iov)
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&v.iov[0])), uintptr(len(v.iov)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
}

func (v *vector) fill(pieces [][]byte) {
	v.iov = v.iov[:0]
	for _, p := range pieces {
		i := unix.Iovec{Base: &p[0]}
		i.SetLen(len(p))
		v.iov = append(v.iov, i)
	}
}

// sysShutdown ends the write side. The kernel queues a packet and returns.
func sysShutdown(fd int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0); errno != 0 {
		return errno
	}
	return nil
}

// sysClose is announced, because a socket with SO_LINGER may block in it.
func sysClose(fd int) { _ = syscall.Close(fd) }

// sysUnsent reports whether bytes of a TCP connection are on their way that the
// peer's kernel has not got for certain. Those of a Unix socket are in the peer's
// queue, where a close leaves them.
func sysUnsent(fd int) bool {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil || n == 0 {
		return false
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return err == nil && protocol == unix.IPPROTO_TCP
}
