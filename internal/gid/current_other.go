//go:build !gc || !(amd64 || arm64)

package gid

// Current is the identity of the calling goroutine: its number, cut to the
// word's size. Where a word has 32 bits, two live goroutines would have to be
// four thousand million starts apart to be taken for one another.
func Current() ID { return ID(Number()) }
