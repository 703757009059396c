package reactor

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestLockThread: every callback of every run is on one thread, which is not
// that of another loop.
func TestLockThread(t *testing.T) {
	threads := map[int]bool{}
	for range 3 {
		r, p := newSim(t, Config{LockThread: true})
		seen := map[int]bool{}
		note := func() { seen[unix.Gettid()] = true }
		for range 20 {
			for _, arrange := range steps {
				arrange(t, r, p, note)
			}
			elsewhere(1, func() { within(t, r, note) })
		}
		if len(seen) != 1 {
			t.Errorf("the callbacks of a locked loop ran on %d threads", len(seen))
		}
		for id := range seen {
			if threads[id] {
				t.Error("two locked loops share a thread")
			}
			threads[id] = true
		}
	}
}
