//go:build !linux

package sock

const inheritsNoDelay = false
