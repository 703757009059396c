package floor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Receive is recvmmsg(2) without waiting. It returns how many there were.
func (b *Batch) Receive(fd int) (int, error) {
	for i := range b.headers {
		b.headers[i].Namelen = unix.SizeofSockaddrInet4
		b.pieces[i].SetLen(DatagramSize)
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers[0])), BatchSize,
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// SendAll is sendmmsg(2) without waiting, of the first n: what was received goes
// back. A signal ends the call before it has sent all.
func (b *Batch) SendAll(fd, n int) error {
	for i := range n {
		b.pieces[i].SetLen(int(b.headers[i].size))
	}
	for sent := 0; sent < n; {
		k, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers[sent])),
			uintptr(n-sent), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			sent += int(k)
		case unix.EINTR:
		default:
			return errno
		}
	}
	return nil
}
