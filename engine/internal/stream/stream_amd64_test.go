package stream

import (
	"testing"
	"unsafe"
)

// A connection that is idle costs little more than this.
func TestSize(t *testing.T) {
	if n := unsafe.Sizeof(Stream{}); n > 128 {
		t.Errorf("a Stream has %d bytes, want 128 at most", n)
	}
}
