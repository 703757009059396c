package buffers

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("buffers.seed", 0, "seed of the random tests; 0 takes the time")

// newRand returns a source whose seed the test logs.
func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -buffers.seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// steps is how long a random test is.
func steps(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// pattern is bytes that differ by place, for texts up to 4 * MaxBlock long.
var pattern = func() []byte {
	b := make([]byte, 4*MaxBlock+256)
	for i := range b {
		b[i] = byte(i) + byte(i>>8)
	}
	return b
}()

// text is n bytes that differ by place, and by what they begin with.
func text(first byte, n int) []byte { return bytes.Clone(pattern[first:][:n]) }

// all is what is to go, in one piece, and how many pieces it was.
func all(c *Chain) (data []byte, pieces int) {
	list, _ := c.View(make([][]byte, 0, 1<<12))
	return bytes.Join(list, nil), len(list)
}

// wantChain fails the test when other bytes are to go than want.
func wantChain(t *testing.T, c *Chain, want string) {
	t.Helper()
	if got, _ := all(c); string(got) != want || c.Len() != len(want) {
		t.Errorf("to go: %q, Len %d; want %q", got, c.Len(), want)
	}
}

// wantUsed fails the test when other than want bytes are given out.
func wantUsed(t *testing.T, p *Pool, want int) {
	t.Helper()
	if p.Used() != want {
		t.Errorf("Used = %d, want %d", p.Used(), want)
	}
}

// wantHeld fails the test when other than want bytes are free in the pool.
func wantHeld(t *testing.T, p *Pool, want int) {
	t.Helper()
	if p.Held() != want {
		t.Errorf("Held = %d, want %d", p.Held(), want)
	}
}

// wantPanic fails the test when f does not panic with a text that has part in it.
func wantPanic(t *testing.T, part string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if s, _ := recover().(string); !strings.Contains(s, part) {
			t.Errorf("panic %q, want one with %q", s, part)
		}
	}()
	f()
}
