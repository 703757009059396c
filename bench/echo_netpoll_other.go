//go:build linux && !amd64 && !arm64

package bench

func netpollEcho() Side {
	return missing("netpoll", Peer, "netpoll does not compile for this processor")
}
