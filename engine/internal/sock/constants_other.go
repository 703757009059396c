//go:build !unix

package sock

// Families and types of sockets, with the numbers of Windows.
const (
	Unspec    = 0
	Unix      = 1
	Inet      = 2
	Inet6     = 23
	Stream    = 1
	Dgram     = 2
	Raw       = 3
	SeqPacket = 5
)

// maxName is the room for a name in the system's structure.
const maxName = 108
