//go:build !linux || !(amd64 || arm64)

package servers

// netpollLoss is nothing where netpoll does not compile.
func netpollLoss() map[string]Library { return nil }
