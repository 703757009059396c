//go:build !unix

package poller

// New fails: this system has no poller yet.
func New() (Poller, error) { return nil, unsupported("no poller") }

// NewPoll fails: this system has no poll(2).
func NewPoll() (Poller, error) { return nil, unsupported("poll(2)") }
