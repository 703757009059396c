//go:build unix

package sock

import "golang.org/x/sys/unix"

func hasInput(fd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0 || err != nil
}
