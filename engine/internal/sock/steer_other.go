//go:build !linux

package sock

func steer(int, []int) error { return unsupported("setsockopt") }
