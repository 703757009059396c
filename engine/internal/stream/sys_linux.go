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
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// message is the room for what the kernel is asked to receive.
type message struct {
	header unix.Msghdr
	iov    unix.Iovec
}

// sysReceive is sysRead for a unix socket. It reports whether the read stopped
// behind what came along with the bytes.
func sysReceive(fd int, p []byte, m *message) (n int, stopped bool, err error) {
	m.iov.Base = &p[0]
	m.iov.SetLen(len(p))
	m.header = unix.Msghdr{Iov: &m.iov, Iovlen: 1}
	defer func() { m.iov.Base = nil }() // p is the owner's
	count, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m.header)), 0)
	if errno != 0 {
		return 0, false, errno
	}
	return int(count), m.header.Flags&unix.MSG_CTRUNC != 0, nil
}

// vector is the room for the pieces of one writev.
type vector struct{ iov []unix.Iovec }

// sysWrite writes as much as there is room for; EAGAIN for none.
func sysWrite(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// sysWritev is sysWrite for several pieces.
func sysWritev(fd int, pieces [][]byte, v *vector) (int, error) {
	v.fill(pieces)
	defer clear(v.iov)
	n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&v.iov[0])), uintptr(len(v.iov)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
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
