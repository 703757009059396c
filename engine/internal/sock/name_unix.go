//go:build unix && !linux

package sock

import "golang.org/x/sys/unix"

// maxName is the room for a name in the kernel's structure.
const maxName = len(unix.RawSockaddrUnix{}.Path)
