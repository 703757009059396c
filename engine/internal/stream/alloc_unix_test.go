//go:build unix && !race

package stream

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asker is an owner that asks again when it was answered, or answers what it is
// asked.
type asker struct {
	Stream
	rounds int
	done   func()
}

func (a *asker) Data(p []byte) {
	if a.rounds--; a.rounds == 0 {
		a.done()
		return
	}
	_, _ = a.Write(p)
}

func (a *asker) Buffer() []byte { return nil }
func (a *asker) Updated(int)    {}
func (a *asker) End() bool      { return false }
func (a *asker) Sent(int)       {}
func (a *asker) Pause()         {}
func (a *asker) Resume()        {}
func (a *asker) Lost(error)     {}

func TestARequestAllocatesNothing(t *testing.T) {
	for _, timeouts := range []Timeouts{{}, {Idle: time.Hour}, {Idle: time.Hour, Read: time.Hour, Write: time.Hour}} {
		requestAllocatesNothing(t, timeouts)
	}
}

func requestAllocatesNothing(t *testing.T, timeouts Timeouts) {
	onPollers(t, func(t *testing.T, w *world) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		must(t, err)
		nonblock(t, fds[0], fds[1])
		a, b := &asker{done: w.r.Stop}, &asker{}
		for i, x := range []*asker{a, b} {
			x.Init(w.sh, fds[i], UnixSocket, x)
			x.SetTimeouts(timeouts)
			w.turn(func() { must(t, x.Start()) })
		}
		ask := []byte("ping")
		const rounds = 1000
		n := testing.AllocsPerRun(10, func() {
			a.rounds = rounds
			_, _ = a.Write(ask)
			must(t, w.r.Run())
		})
		if n >= rounds/10 { // a run itself has a few
			t.Errorf("%v allocations in %d requests", n, rounds)
		}
		w.turn(a.Abort, b.Abort)
		w.turn()
	})
}
