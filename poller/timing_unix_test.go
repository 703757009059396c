//go:build unix

package poller_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
)

// TestTimingDeadline: the median wait ends soon after its deadline. It needs a
// machine that is not overrun.
func TestTimingDeadline(t *testing.T) {
	const late = 2 * time.Millisecond // 50 us quiet; epoll's own timeout takes 1 ms
	eachMode(t, func(t *testing.T, p poller.Poller, m poller.Mode) {
		var lateness []time.Duration
		for range 21 {
			deadline := p.Now() + int64(300*time.Microsecond)
			for p.Now() < deadline {
				if _, err := p.Wait(deadline, m); err != nil {
					t.Fatal(err)
				}
			}
			lateness = append(lateness, time.Duration(p.Now()-deadline))
		}
		slices.Sort(lateness)
		t.Logf("median %v, worst %v", lateness[10], lateness[20])
		if !testing.Short() && lateness[10] > late {
			t.Errorf("median lateness %v, want at most %v", lateness[10], late)
		}
	})
}
