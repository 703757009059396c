//go:build !linux || (!amd64 && !arm64)

package servers

// netpollServers is empty where netpoll does not compile.
func netpollServers() map[string]Library { return nil }
