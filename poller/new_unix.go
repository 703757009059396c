//go:build unix && !linux

package poller

// New makes the best poller of this system, which is poll(2).
func New() (Poller, error) { return NewPoll() }
