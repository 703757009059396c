//go:build !windows

package engine

// reuseAddress is on where it does no more than forget old connections.
const reuseAddress = true
