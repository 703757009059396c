//go:build unix && !solaris

package sock

import "golang.org/x/sys/unix"

const soReusePort = unix.SO_REUSEPORT
