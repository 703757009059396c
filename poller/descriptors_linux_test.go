package poller_test

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// withFree runs fn while the process may open at most n more descriptors.
func withFree(t *testing.T, n int, fn func()) {
	t.Helper()
	free, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(free)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = uint64(free + n)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}()
	fn()
}

// TestNewOutOfDescriptors: a poller that cannot be made says EMFILE and holds
// nothing.
func TestNewOutOfDescriptors(t *testing.T) {
	for _, m := range pollers {
		t.Run(m.name, func(t *testing.T) {
			before := openFDs()
			made := false
			for n := 0; n < 10 && !made; n++ {
				withFree(t, n, func() {
					p, err := m.make()
					switch {
					case err == nil:
						made = true
						if _, err := p.Poll(); err != nil {
							t.Errorf("with %d free: made, and Poll fails: %v", n, err)
						}
						p.Close()
					case !errors.Is(err, unix.EMFILE) || p != nil:
						t.Errorf("with %d free: %v, %v, want EMFILE", n, p, err)
					}
				})
				if now := openFDs(); !slices.Equal(now, before) {
					t.Fatalf("with %d free: left %v open, had %v", n, now, before)
				}
			}
			if !made {
				t.Error("no number of descriptors was enough")
			}
		})
	}
}

// TestWaitOutOfDescriptors: a poller that is made goes on without a free
// descriptor, a failed Rebuild and a change of mode included.
func TestWaitOutOfDescriptors(t *testing.T) {
	each(t, func(t *testing.T, p poller.Poller) {
		defer p.Close()
		pair := pipes(t, 2)
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
		if err := p.Add(pair[0], 7, poller.Out); err != nil {
			t.Fatal(err)
		}
		works := func(m poller.Mode) {
			t.Helper()
			events, err := p.Wait(poller.NoDeadline, m)
			if err != nil || len(events) != 1 || events[0].Token != 7 {
				t.Errorf("mode %d: %v, %v, want an event of 7", m, events, err)
			}
		}
		works(poller.Park)
		withFree(t, 0, func() {
			works(poller.Block)
			works(poller.Park)
			reg := slices.Values([]poller.Registration{{FD: pair[0], Token: 7, Interest: poller.Out}})
			if err := p.Rebuild(reg); err != nil && !errors.Is(err, unix.EMFILE) {
				t.Error(err)
			}
			works(poller.Block)
		})
		works(poller.Block)
		works(poller.Park)
	})
}
