//go:build unix && !race

package poller_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// TestNoAllocation: a turn of the loop allocates nothing.
func TestNoAllocation(t *testing.T) {
	eachMode(t, func(t *testing.T, p poller.Poller, m poller.Mode) {
		zero := func(name string, fn func()) {
			t.Helper()
			fn()
			if n := testing.AllocsPerRun(50, fn); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
		wait := func(deadline int64) {
			if _, err := p.Wait(deadline, m); err != nil {
				t.Error(err)
			}
		}
		zero("Now", func() { p.Now() })
		zero("Poll", func() { p.Poll() })
		zero("Wake", func() { p.Wake() })
		zero("Wake and Wait", func() { p.Wake(); wait(poller.NoDeadline) })
		zero("Wait until a deadline", func() { wait(p.Now() + 20_000) })

		pair := pipes(t, 2)
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
		const i = poller.In | poller.Out | poller.Edge
		zero("Add and Remove", func() {
			if p.Add(pair[0], 1, i) != nil || p.Remove(pair[0]) != nil {
				t.Error("Add or Remove failed")
			}
		})
		p.Add(pair[0], 1, i)
		p.Add(pair[1], 2, poller.Out)
		zero("Poll with an event", func() { p.Poll() })
		zero("Wait with an event", func() { wait(poller.NoDeadline) })
		zero("Modify and Rearm", func() {
			if p.Modify(pair[0], 1, i) != nil || p.Rearm(pair[0], 1, i) != nil {
				t.Error("Modify or Rearm failed")
			}
		})
		p.Remove(pair[0])
		p.Remove(pair[1])
	})
}
