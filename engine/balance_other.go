//go:build !linux

package engine

// kernelBalances is off where one socket of those that share a port may get all
// the connections.
const kernelBalances = false
