//go:build unix

package poller_test

import (
	"errors"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// withoutZero runs fn while descriptor 0 is free, as in a daemon that has closed
// its standard input.
func withoutZero(t *testing.T, fn func()) {
	t.Helper()
	saved, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 100)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(0)
	defer func() {
		if fd, err := unix.FcntlInt(uintptr(saved), unix.F_DUPFD, 0); err != nil || fd != 0 {
			t.Errorf("restored as %d: %v", fd, err)
		}
		unix.Close(saved)
	}()
	fn()
}

// TestDescriptorZero: it is a number like any other, for what a poller holds, for
// what it makes anew, and for what it watches.
func TestDescriptorZero(t *testing.T) {
	for _, m := range pollers {
		t.Run(m.name, func(t *testing.T) {
			pair := pipes(t, 2)
			defer unix.Close(pair[0])
			defer unix.Close(pair[1])
			withoutZero(t, func() {
				p := m.new(t)
				serves(t, p, pair[0])
				held := p.Traits().Descriptors
				if err := p.Close(); err != nil || held == 0 {
					t.Errorf("held %d; Close: %v", held, err)
				}
				if slices.Contains(openFDs(), 0) {
					t.Error("closed, it holds descriptor 0")
				}
				if err := p.Wake(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Wake: %v", err)
				}
			})
			p := m.new(t)
			withoutZero(t, func() {
				for range 3 { // a set at 0, one elsewhere, and one at 0 again
					if err := p.Rebuild(slices.Values([]poller.Registration{})); err != nil {
						t.Fatal(err)
					}
				}
				serves(t, p, pair[0])
				if _, err := p.Wait(0, poller.Block); err != nil {
					t.Fatal(err)
				}
				if p.Traits().Descriptors == 0 {
					t.Error("it says that it holds nothing")
				}
				if err := p.Close(); err != nil || slices.Contains(openFDs(), 0) {
					t.Errorf("closed, it holds descriptor 0 (%v)", err)
				}
			})
		})
	}
}

// serves wants all methods of p to do what they are for.
func serves(t *testing.T, p poller.Poller, fd int) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(p.Add(fd, 1, poller.Out|poller.Edge))
	must(p.Rearm(fd, 1, poller.Out))
	must(p.Modify(fd, 2, poller.Out))
	for _, fetch := range []func() ([]poller.Event, error){
		p.Poll,
		func() ([]poller.Event, error) { return p.Wait(poller.NoDeadline, poller.Park) },
		func() ([]poller.Event, error) { return p.Wait(poller.NoDeadline, poller.Block) },
	} {
		events, err := fetch()
		if must(err); len(events) != 1 || events[0] != (poller.Event{Token: 2, Ready: poller.Writable}) {
			t.Errorf("%v, want one event of 2", events)
		}
	}
	must(p.Rebuild(slices.Values([]poller.Registration{{FD: fd, Token: 2, Interest: poller.Out}})))
	must(p.Remove(fd))
	must(p.Wake())
	events, err := p.Wait(poller.NoDeadline, poller.Block)
	if must(err); len(events) != 0 {
		t.Errorf("%v, want none", events)
	}
}
