package poller

import "golang.org/x/sys/unix"

// pollPeer is the event for a peer that sends no more.
const pollPeer = unix.POLLRDHUP

// pollUntil waits for left nanoseconds at most; see fetch.
func pollUntil(fds []unix.PollFd, left int64) error {
	if left == forever {
		_, err := unix.Ppoll(fds, nil, nil)
		return err
	}
	const longest = 1 << 60 // 36 years, less than a 32-bit timespec holds
	ts := unix.NsecToTimespec(min(max(left, 0), longest))
	_, err := unix.Ppoll(fds, &ts, nil)
	return err
}
