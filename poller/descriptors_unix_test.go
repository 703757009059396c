//go:build unix

package poller_test

import (
	"errors"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// pollers are the real pollers of this system.
var pollers = append([]maker{{"poll", poller.NewPoll}}, morePollers...)

type maker struct {
	name string
	make func() (poller.Poller, error)
}

func (m maker) new(t testing.TB) poller.Poller {
	t.Helper()
	p, err := m.make()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// each runs test on every poller; test closes what it is given.
func each(t *testing.T, test func(*testing.T, poller.Poller)) {
	for _, m := range pollers {
		t.Run(m.name, func(t *testing.T) { test(t, m.new(t)) })
	}
}

// eachMode runs test on every poller in every mode that it knows.
func eachMode(t *testing.T, test func(*testing.T, poller.Poller, poller.Mode)) {
	each(t, func(t *testing.T, p poller.Poller) {
		defer p.Close()
		t.Run("block", func(t *testing.T) { test(t, p, poller.Block) })
		if p.Traits().Park {
			t.Run("park", func(t *testing.T) { test(t, p, poller.Park) })
		}
	})
}

// openFDs is the descriptors of this process.
func openFDs() []int {
	const highest = 4096 // above what any test opens
	var open []int
	for fd := range highest {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			open = append(open, fd)
		}
	}
	return open
}

// TestDescriptors: a poller holds what it says, in every state, all of it
// close-on-exec, and nothing when closed.
func TestDescriptors(t *testing.T) {
	for _, m := range pollers {
		t.Run(m.name, func(t *testing.T) {
			before := openFDs()
			p := m.new(t)
			check := func(state string) {
				t.Helper()
				held := slices.DeleteFunc(openFDs(), func(fd int) bool { return slices.Contains(before, fd) })
				if len(held) != p.Traits().Descriptors {
					t.Errorf("%s: holds %v, says %d", state, held, p.Traits().Descriptors)
				}
				for _, fd := range held {
					if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
						t.Errorf("%s: descriptor %d passes exec (%v)", state, fd, err)
					}
				}
			}
			check("new")
			wait := func(m poller.Mode) {
				p.Wake()
				p.Wait(poller.NoDeadline, m)
				if _, err := p.Wait(p.Now()+1000, m); err != nil {
					t.Fatal(err)
				}
				check("waited")
			}
			modes := []poller.Mode{poller.Park, poller.Park, poller.Block, poller.Park, poller.Block}
			for _, m := range modes {
				wait(m)
			}
			for _, m := range modes {
				wait(m)
				if err := p.Rebuild(slices.Values([]poller.Registration{})); err != nil {
					t.Fatal(err)
				}
				check("rebuilt")
			}
			failed := slices.Values([]poller.Registration{{FD: 0}, {FD: 0}})
			if err := p.Rebuild(failed); err == nil {
				t.Error("Rebuild took a descriptor twice")
			}
			check("not rebuilt")
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			check("closed")
		})
	}
}

// TestWakeRacesClose: late wake-ups are refused, and none is written to a
// descriptor that has taken over the number.
func TestWakeRacesClose(t *testing.T) {
	const rounds, wakers = 1000, 3
	for _, m := range pollers {
		t.Run(m.name, func(t *testing.T) {
			for range rounds {
				raceClose(t, m.new(t), wakers)
			}
		})
	}
}

func raceClose(t *testing.T, p poller.Poller, wakers int) {
	var wg sync.WaitGroup
	started := make(chan struct{}, wakers)
	for range wakers {
		wg.Go(func() {
			started <- struct{}{}
			for ; ; runtime.Gosched() {
				err := p.Wake()
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("a late Wake: %v", err)
					return
				}
			}
		})
	}
	<-started
	n := p.Traits().Descriptors
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	foreign := pipes(t, n)
	wg.Wait()
	for _, end := range foreign {
		var buf [8]byte
		if n, err := unix.Read(end, buf[:]); err != unix.EAGAIN {
			t.Errorf("a foreign descriptor got %d bytes: %v", n, err)
		}
	}
	for _, end := range foreign {
		unix.Close(end)
	}
}

// pipes opens socket pairs that take over at least n free numbers. What is
// written to one end arrives at the other, so all are looked at.
func pipes(t testing.TB, n int) []int {
	t.Helper()
	var ends []int
	for len(ends) < n {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range pair {
			unix.SetNonblock(fd, true)
			ends = append(ends, fd)
		}
	}
	return ends
}

// TestCollectWhileWaiting: the collector does not wait for a poller that
// waits.
func TestCollectWhileWaiting(t *testing.T) {
	eachMode(t, func(t *testing.T, p poller.Poller, m poller.Mode) {
		done := make(chan error)
		go func() {
			_, err := p.Wait(poller.NoDeadline, m)
			done <- err
		}()
		for range 5 {
			runtime.GC()
		}
		p.Wake()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestManyClosedUnderneath: what was closed hides nothing that is ready, and
// one batch tells it all.
func TestManyClosedUnderneath(t *testing.T) {
	each(t, func(t *testing.T, p poller.Poller) {
		defer p.Close()
		fds := pipes(t, 8)
		for i, fd := range fds {
			if err := p.Add(fd, poller.Token(i), poller.Out); err != nil {
				t.Fatal(err)
			}
		}
		for _, i := range []int{0, 2, 4, 5} {
			unix.Close(fds[i])
		}
		events, err := p.Poll()
		if err != nil {
			t.Fatal(err)
		}
		seen := map[poller.Token]bool{}
		for _, e := range events {
			seen[e.Token] = true
		}
		for _, i := range []int{1, 3, 6, 7} {
			if !seen[poller.Token(i)] {
				t.Errorf("got %v, without %d", events, i)
			}
			unix.Close(fds[i])
		}
	})
}

// TestClosedUnderneath: a descriptor that was closed without Forget is
// reported once at most, and its number can be registered again.
func TestClosedUnderneath(t *testing.T) {
	each(t, func(t *testing.T, p poller.Poller) {
		defer p.Close()
		pair := pipes(t, 2)
		fd, peer := pair[0], pair[1]
		defer unix.Close(peer)
		for _, i := range []poller.Interest{poller.In, poller.In | poller.Out | poller.Edge} {
			if err := p.Add(fd, 1, i); err != nil {
				t.Fatal(err)
			}
			p.Poll()
			unix.Close(fd)
			events, err := p.Poll()
			if err != nil || len(events) > 1 {
				t.Fatalf("got %v, %v", events, err)
			}
			for _, e := range events {
				if e.Token != 1 || e.Ready != poller.HangUp|poller.Failed {
					t.Errorf("got %+v, want HangUp and Failed of 1", e)
				}
			}
			for range 3 {
				if events, err := p.Poll(); err != nil || len(events) != 0 {
					t.Fatalf("again %v, %v", events, err)
				}
			}
			if err := unix.Dup2(peer, fd); err != nil {
				t.Fatal(err)
			}
		}
		unix.Close(fd)
	})
}
