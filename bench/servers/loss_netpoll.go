//go:build linux && (amd64 || arm64)

package servers

import "github.com/shardloop/shardloop/bench/netpoll"

// netpollLoss is the loss suite on netpoll.
func netpollLoss() map[string]Library {
	return map[string]Library{"netpoll": LossLibrary(netpoll.Loss, map[string]string{
		"loss-answer": "the end of input closes the connection, and a Flush fails from then on",
	})}
}
