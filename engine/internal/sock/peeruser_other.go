//go:build !linux

package sock

func peerUser(int) (uid int, err error) { return -1, unsupported("getsockopt") }
