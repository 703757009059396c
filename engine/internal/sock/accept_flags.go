//go:build dragonfly || freebsd

package sock

import "golang.org/x/sys/unix"

func acceptFD(fd int) (int, unix.Sockaddr, error) { return unix.Accept4(fd, openFlags) }
