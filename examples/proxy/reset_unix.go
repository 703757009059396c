//go:build unix

package main

import (
	"syscall"

	"github.com/shardloop/shardloop/engine"
)

// reset aborts a connection so that its peer sees a reset. By Abort alone the peer
// would see an ordinary end, and take for complete what is not.
func reset(t engine.Transport) {
	if s, ok := t.ExtraInfo("socket").(*engine.TransportSocket); ok && s.Fd() >= 0 {
		_ = syscall.SetsockoptLinger(s.Fd(), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	}
	t.Abort()
}
