//go:build linux && (amd64 || arm64)

package bench

import "github.com/shardloop/shardloop/bench/netpoll"

func netpollEcho() Side { return echoSide("netpoll", Peer, listening(netpoll.Echo)) }
