package stream

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file holds every raw system call of the package. The descriptors do not
// block, so none of these calls can.

// sysRead reads what there is; EAGAIN for nothing. recv takes a shorter way through
// the kernel than read does, and send than write: 20 to 50 and 50 ns of 1,400.
func sysRead(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
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

// sendFlags keep a call from waiting, whatever others do to the socket, and a peer
// that is gone from being a signal, which for descriptors 1 and 2 would end the
// process.
const sendFlags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL

// vector is the room for the pieces of one sysWritev.
type vector struct {
	iov    []unix.Iovec
	header unix.Msghdr
}

// sysWrite writes as much as there is room for; EAGAIN for none.
func sysWrite(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), sendFlags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// sysWritev is sysWrite for several pieces.
func sysWritev(fd int, pieces [][]byte, v *vector) (int, error) {
	v.fill(pieces)
	defer clear(v.iov)
	v.header.Iov = &v.iov[0]
	v.header.SetIovlen(len(v.iov))
	n, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&v.header)), sendFlags)
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
