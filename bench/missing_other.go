//go:build !linux

package bench

// needsLinux is why floors and the hosts' socket pair are absent elsewhere.
const needsLinux = "needs epoll: Linux only"
