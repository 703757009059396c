//go:build unix

package sock

import "golang.org/x/sys/unix"

// Families and types of sockets.
const (
	Unspec    = unix.AF_UNSPEC
	Unix      = unix.AF_UNIX
	Inet      = unix.AF_INET
	Inet6     = unix.AF_INET6
	Stream    = unix.SOCK_STREAM
	Dgram     = unix.SOCK_DGRAM
	Raw       = unix.SOCK_RAW
	SeqPacket = unix.SOCK_SEQPACKET
)
