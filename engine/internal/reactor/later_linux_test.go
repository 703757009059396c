package reactor

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// TestStaleRebuildEpoll: epoll goes on reporting a descriptor that was closed
// while a duplicate of it lives on. The reactor makes a new set and says so,
// once; the other registrations go on.
func TestStaleRebuildEpoll(t *testing.T) {
	p, err := poller.NewEpoll()
	must(t, err)
	var faults []error
	r := newReactor(t, Config{Poller: p, Fault: func(f Fault) { faults = append(faults, f.Err) }})
	w := newSocketWorld(t, func() (poller.Poller, error) { return p, nil })
	defer w.close()
	alive := 0
	must(t, r.AddReader(w.open("alive"), func(any) { alive++ }, nil))
	w.fill("alive")
	fd := w.open("gone")
	must(t, r.AddReader(fd, nop, nil))
	w.fill("gone")
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Close(fd))
	r.RemoveReader(fd)
	w.ends["gone"] = [2]int{dup, w.ends["gone"][1]}

	turns(t, r, 3*staleLimit, func(int) {})
	if len(faults) != 1 || !errors.Is(faults[0], ErrStaleDescriptor) {
		t.Errorf("faults %v, want one ErrStaleDescriptor", faults)
	}
	if s := r.Stats(); s.Stale != staleLimit || alive != 3*staleLimit {
		t.Errorf("%d stale events, want %d; %d live ones in %d turns", s.Stale, staleLimit, alive, 3*staleLimit)
	}
}

// TestWatchFileEpoll: epoll refuses regular files, and nothing is left of the
// attempt.
func TestWatchFileEpoll(t *testing.T) {
	p, err := poller.NewEpoll()
	must(t, err)
	r := newReactor(t, Config{Poller: p})
	fd, err := unix.Open("testdata/fifo.txt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(t, err)
	expect(t, "AddReader of a file", r.AddReader(fd, nop, nil), unix.EPERM)
	must(t, unix.Close(fd))
	expect(t, "AddReader of a closed descriptor", r.AddReader(fd, nop, nil), unix.EBADF)
	if r.slots.live != 0 || r.RemoveReader(fd) {
		t.Error("a failed AddReader left something")
	}
}
