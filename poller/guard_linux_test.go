package poller

import "testing"

// TestGuardAfterStop: a guard that was stopped is set anew by the next wait, also
// when the old one would not have passed yet.
func TestGuardAfterStop(t *testing.T) {
	var g monitorGuard
	g.renew()
	first := g.until
	if g.renew(); g.until != first {
		t.Error("the guard was set anew before it had passed")
	}
	g.stop()
	if g.renew(); g.until <= first || !g.timer.Stop() {
		t.Error("the guard of a stopped guard is not set")
	}
}
