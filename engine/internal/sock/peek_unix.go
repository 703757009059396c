//go:build unix

package sock

import "golang.org/x/sys/unix"

func peek(fd int, p []byte) (int, error) {
	n, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT|unix.MSG_PEEK)
	return max(n, 0), err
}
