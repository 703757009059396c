package sock

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file holds the raw system calls of the package, those that are made for
// each connection. A raw call does not tell the scheduler that it has left Go;
// one that blocked would hang the garbage collector. So each of them says why it
// cannot block. Calls that may look into a file system, load a module or linger
// (socket, bind, connect, close) are not among them.

// failed is what became of a system call.
func failed(call string, errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return &os.SyscallError{Syscall: call, Err: errno}
}

// accept4 takes from the queue what is there: the socket does not block.
func accept4(fd int, from *RawAddr, size *uint32) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(from)),
		uintptr(unsafe.Pointer(size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(n), errno
}

// sendFlags keep the kernel from waiting for room, and from sending SIGPIPE.
const sendFlags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL

// receive takes from the queue what is there.
func receive(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	return moved(n, errno)
}

// receiveFrom takes from the queue what is there.
func receiveFrom(fd int, p []byte) (int, Addr, error) {
	var raw RawAddr
	size := uint32(len(raw))
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size)))
	count, err := moved(n, errno)
	return count, decoded(&raw, size, errno), err
}

// send puts into the queue what there is room for.
func send(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), sendFlags, 0, 0)
	return moved(n, errno)
}

// sendTo puts into the queue what there is room for. The name of a unix socket is
// looked up in a file system, which may be slow: the scheduler is told.
func sendTo(fd int, p []byte, to Addr) (int, error) {
	var raw RawAddr
	size := to.Encode(&raw)
	n, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), sendFlags, uintptr(unsafe.Pointer(&raw)), uintptr(size))
	return moved(n, errno)
}

// moved is how many bytes a call has moved.
func moved(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// name copies an address out of the socket.
func name(fd int) (Addr, error) {
	var raw RawAddr
	size := uint32(len(raw))
	_, _, errno := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&raw)),
		uintptr(unsafe.Pointer(&size)))
	return decoded(&raw, size, errno), failed("getsockname", errno)
}

// peer copies an address out of the socket.
func peer(fd int) (Addr, error) {
	var raw RawAddr
	size := uint32(len(raw))
	_, _, errno := unix.RawSyscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(&raw)),
		uintptr(unsafe.Pointer(&size)))
	return decoded(&raw, size, errno), failed("getpeername", errno)
}

// decoded is the address of a call that wrote so many bytes.
func decoded(raw *RawAddr, size uint32, errno unix.Errno) Addr {
	if errno != 0 {
		return Addr{}
	}
	return Decode(raw[:min(int(size), len(raw))])
}

// set turns a switch, which is a bit in the socket.
func set(fd int, s Switch, on bool) error {
	value := int32(number(on))
	_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(switches[s].level),
		uintptr(switches[s].name), uintptr(unsafe.Pointer(&value)), unsafe.Sizeof(value), 0)
	return failed("setsockopt", errno)
}

// shutdown marks the socket, and has the kernel send what the peer has to know.
func shutdown(fd, how int) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), uintptr(how), 0)
	return failed("shutdown", errno)
}

// unread looks at the length of the queue.
func unread(fd int) (int, error) {
	var n int32
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCINQ, uintptr(unsafe.Pointer(&n)))
	return int(n), failed("ioctl", errno)
}
