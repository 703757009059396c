package engine

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestWatchPair: both ends of a pair of sockets on the platform's poller: what
// one writes the other reads, and the end of one wakes the other.
func TestWatchPair(t *testing.T) {
	l := newLoop(t, Config{})
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	expect(t, "Socketpair", err, nil)
	reads := 0
	expect(t, "AddWriter", l.AddWriter(pair[1], func() {
		l.RemoveWriter(pair[1])
		_, err := unix.Write(pair[1], []byte("x"))
		expect(t, "Write", err, nil)
	}), nil)
	expect(t, "AddReader", l.AddReader(pair[0], func() {
		var b [8]byte
		n, err := unix.Read(pair[0], b[:])
		expect(t, "Read", err, nil)
		if reads++; n > 0 {
			expect(t, "Close", unix.Close(pair[1]), nil)
			return
		}
		l.RemoveReader(pair[0])
		l.Stop()
	}), nil)
	run(t, l)
	if reads != 2 {
		t.Errorf("%d reads, want 2", reads)
	}
	expect(t, "Close", unix.Close(pair[0]), nil)
}
