//go:build unix && !linux

package poller

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// pollPeer is the event for a peer that sends no more, which these systems
// fold into readability.
const pollPeer = 0

// pollUntil waits for left nanoseconds at most; see fetch. Milliseconds are
// rounded up: a wait must not end before its deadline.
func pollUntil(fds []unix.PollFd, left int64) error {
	ms := int64(-1)
	if left != forever {
		const unit = int64(time.Millisecond)
		left = min(max(left, 0), math.MaxInt32*unit)
		ms = (left + unit - 1) / unit
	}
	_, err := unix.Poll(fds, int(ms))
	return err
}
