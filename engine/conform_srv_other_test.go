//go:build unix && !linux

package engine_test

// streamBits are what a socket's type may have besides, which not all systems know.
const streamBits = 0
