package buffers

import (
	"strings"
	"testing"
)

// A scratch buffer is empty at first, also one that was used before, and grows.
func TestScratch(t *testing.T) {
	for range 10 {
		s := GetScratch()
		if s.Len() != 0 {
			t.Fatalf("it begins with %q", s.String())
		}
		for range 1000 {
			_, _ = s.WriteString("abc")
		}
		if s.String() != strings.Repeat("abc", 1000) {
			t.Errorf("it holds %d bytes", s.Len())
		}
		PutScratch(s)
	}
}
