//go:build freebsd || openbsd || solaris

package sock

import "golang.org/x/sys/unix"

func family(fd int) (int, error) { return option(fd, unix.SOL_SOCKET, unix.SO_DOMAIN) }
