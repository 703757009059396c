package coro

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("coro.seed", 0, "seed of the random tests; 0 takes the time")

// newRand returns a source whose seed the test logs.
func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -coro.seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
