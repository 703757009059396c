package sock

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const openFlags = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC

func open(k Kind) (int, error) {
	fd, err := unix.Socket(k.Family, k.Type|openFlags, k.Proto)
	return fd, os.NewSyscallError("socket", err)
}

func pair(k Kind) ([2]int, error) {
	fds, err := unix.Socketpair(k.Family, k.Type|openFlags, k.Proto)
	return fds, os.NewSyscallError("socketpair", err)
}

func accept(fd int) (int, Addr, error) {
	var raw RawAddr
	size := uint32(len(raw))
	conn, errno := accept4(fd, &raw, &size)
	if errno != 0 {
		return -1, Addr{}, errno
	}
	return conn, decoded(&raw, size, 0), nil
}

// connect tells the scheduler: the kernel may have to find a path, and it does
// much of the peer's work when that is on the same machine.
func connect(fd int, a Addr) (pending bool, err error) {
	var raw RawAddr
	n := a.Encode(&raw)
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&raw)), uintptr(n))
	if errno == 0 {
		return false, nil
	}
	return connecting(errno)
}

func bind(fd int, a Addr) error {
	var raw RawAddr
	n := a.Encode(&raw)
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&raw)), uintptr(n))
	return failed("bind", errno)
}

func kindOf(fd int) (k Kind, err error) {
	if k.Family, err = option(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil {
		return Kind{}, err
	}
	if k.Type, err = option(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return Kind{}, err
	}
	k.Proto, err = option(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return k, err
}
