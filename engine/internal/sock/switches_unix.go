//go:build unix

package sock

import "golang.org/x/sys/unix"

// switches has level and name of each Switch.
var switches = [...]struct{ level, name int }{
	ReuseAddress: {unix.SOL_SOCKET, unix.SO_REUSEADDR},
	ReusePort:    {unix.SOL_SOCKET, soReusePort},
	V6Only:       {unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	KeepAlive:    {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	NoDelay:      {unix.IPPROTO_TCP, unix.TCP_NODELAY},
	Listening:    {unix.SOL_SOCKET, unix.SO_ACCEPTCONN},
	Broadcast:    {unix.SOL_SOCKET, unix.SO_BROADCAST},
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}
