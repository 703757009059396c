//go:build unix

package stream

import "golang.org/x/sys/unix"

// hasInput reports whether a read would bring something: bytes, the end or an
// error. If the kernel does not tell, it might.
func hasInput(fd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0 || err != nil
}
