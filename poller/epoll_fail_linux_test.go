package poller

import (
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lowestFree is the number that the next descriptor gets.
func lowestFree(t *testing.T) int {
	t.Helper()
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	return fd
}

// wantErrno fails the test when err is not want.
func wantErrno(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestNewSetFails: a set that would lack one of the inner descriptors is not made,
// and the old one stays in use.
func TestNewSetFails(t *testing.T) {
	e := testEpoll(t)
	for name, own := range map[string]*int{"waker": &e.wake.fd, "timer": &e.timer.fd} {
		free, set, good := lowestFree(t), e.fd, *own
		*own = -1
		fd, err := e.newSet()
		wantErrno(t, name, err, unix.EBADF)
		wantErrno(t, name, e.Rebuild(slices.Values([]Registration{})), unix.EBADF)
		*own = good
		if fd != -1 || e.fd != set || lowestFree(t) != free {
			t.Errorf("%s: the set is %d, was %d; the new one is %d", name, e.fd, set, fd)
		}
	}
	e.wokenWait(t, NoDeadline)
}

// TestFetchFails: what the system answers to a wait is told, whatever the way.
func TestFetchFails(t *testing.T) {
	e := testEpoll(t)
	set := e.fd
	e.fd = e.wake.fd // which is no set
	_, err := e.Poll()
	wantErrno(t, "Poll", err, unix.EINVAL)
	_, err = e.Wait(0, Block)
	wantErrno(t, "a wait that is over", err, unix.EINVAL)
	_, err = e.Wait(NoDeadline, Block)
	wantErrno(t, "a wait", err, unix.EINVAL)
	e.fd = set
	e.wokenWait(t, NoDeadline)
}

// TestTraits: they stay what they are but for the descriptors.
func TestTraits(t *testing.T) {
	e := testEpoll(t)
	if got, want := e.Traits(), (Traits{Park: true, Descriptors: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	e.Close()
	if got, want := e.Traits(), (Traits{Park: true}); got != want {
		t.Errorf("closed: %+v, want %+v", got, want)
	}
}

// TestArmFails: a deadline that cannot be kept is told.
func TestArmFails(t *testing.T) {
	e := testEpoll(t)
	timer := e.timer.fd
	e.timer.fd = -1
	e.Wake() // or a wait that takes no notice would not end
	_, err := e.Wait(Now()+int64(time.Hour), Block)
	e.timer.fd = timer
	wantErrno(t, "Wait", err, unix.EBADF)
	if e.timer.armed != NoDeadline {
		t.Errorf("armed at %d", e.timer.armed)
	}
}
