//go:build gc && (amd64 || arm64)

package gid

// Current is the identity of the calling goroutine: the address of its g, read
// from where the instruction set's calling convention keeps it.
func Current() ID
