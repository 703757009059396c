package reactor

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// watched is a reactor with one descriptor and a log of its callbacks.
type watched struct {
	*testing.T
	r   *Reactor
	p   *simpoll.Poller
	fd  int
	log []string
}

func newWatched(t *testing.T) *watched {
	w := &watched{T: t}
	w.r, w.p = newSim(t, Config{})
	w.fd = w.p.Open()
	return w
}

func (w *watched) say(name any) { w.log = append(w.log, name.(string)) }

// turn runs one turn in which ready holds, and returns who was called.
func (w *watched) turn(ready poller.Ready) []string {
	w.Helper()
	w.log = nil
	w.p.ClearReady(w.fd, ^poller.Ready(0))
	w.p.SetReady(w.fd, ready)
	w.r.Stop()
	must(w, w.r.Run())
	return w.log
}

func (w *watched) expect(ready poller.Ready, want ...string) {
	w.Helper()
	if got := w.turn(ready); !slices.Equal(got, want) {
		w.Errorf("with %b ready: called %v, want %v", ready, got, want)
	}
}

// interest fails the test unless the poller watches fd for i.
func (w *watched) interest(i poller.Interest) {
	w.Helper()
	reg, ok := w.p.Registered(w.fd)
	if ok != (i != 0) || reg.Interest != i {
		w.Errorf("registered %t for %b, want %b", ok, reg.Interest, i)
	}
}

// TestWatchDirections: reader and writer come and go by themselves, and the
// poller is asked for just what is left.
func TestWatchDirections(t *testing.T) {
	w := newWatched(t)
	both := poller.Readable | poller.Writable
	must(t, w.r.AddReader(w.fd, w.say, "r"))
	w.interest(poller.In)
	w.expect(both, "r")
	must(t, w.r.AddWriter(w.fd, w.say, "w"))
	w.interest(poller.In | poller.Out)
	w.expect(both, "r", "w")
	w.expect(poller.Writable, "w")
	must(t, w.r.AddReader(w.fd, w.say, "r2"))
	w.expect(both, "r2", "w")
	w.removed(w.r.RemoveReader, true)
	w.removed(w.r.RemoveReader, false)
	w.interest(poller.Out)
	w.expect(both, "w")
	w.removed(w.r.RemoveWriter, true)
	w.removed(w.r.RemoveWriter, false)
	w.interest(0)
	w.expect(both)
	if w.r.slots.live != 0 || len(w.r.watches) != 0 {
		t.Error("an unwatched descriptor takes room")
	}
}

func (w *watched) removed(remove func(int) bool, want bool) {
	w.Helper()
	if got := remove(w.fd); got != want {
		w.Errorf("removed is %t, want %t", got, want)
	}
}

// TestWatchReady: which conditions wake whom.
func TestWatchReady(t *testing.T) {
	for _, c := range []struct {
		ready poller.Ready
		want  []string
	}{
		{poller.Readable, []string{"r"}},
		{poller.Writable, []string{"w"}},
		{poller.HangUp, []string{"r", "w"}},
		{poller.Failed, []string{"r", "w"}},
		{poller.Readable | poller.HangUp, []string{"r", "w"}},
		{poller.Writable | poller.Failed, []string{"r", "w"}},
	} {
		w := newWatched(t)
		must(t, w.r.AddReader(w.fd, w.say, "r"))
		must(t, w.r.AddWriter(w.fd, w.say, "w"))
		w.expect(c.ready, c.want...)
	}
	for _, ready := range []poller.Ready{poller.HangUp, poller.Failed} {
		r, w := newWatched(t), newWatched(t)
		must(t, r.r.AddReader(r.fd, r.say, "r"))
		r.expect(ready, "r")
		must(t, w.r.AddWriter(w.fd, w.say, "w"))
		w.expect(ready, "w")
	}
}

// TestWatchErrors: a descriptor that cannot be watched leaves nothing behind,
// and a failure keeps what was there.
func TestWatchErrors(t *testing.T) {
	w := newWatched(t)
	for fd, want := range map[int]error{99: syscall.EBADF, w.p.OpenFile(): syscall.EPERM} {
		if err := w.r.AddReader(fd, w.say, "x"); !errors.Is(err, want) {
			t.Errorf("AddReader: %v, want %v", err, want)
		}
		if err := w.r.AddWriter(fd, w.say, "x"); !errors.Is(err, want) {
			t.Errorf("AddWriter: %v, want %v", err, want)
		}
		if w.r.RemoveReader(fd) || w.r.RemoveWriter(fd) || w.r.slots.live != 0 {
			t.Errorf("descriptor %d is watched after %v", fd, want)
		}
	}
	must(t, w.r.AddReader(w.fd, w.say, "r"))
	w.p.Inject(simpoll.OpModify, simpoll.Fault{Err: syscall.ENOMEM}, simpoll.Fault{Err: syscall.ENOMEM})
	if err := w.r.AddWriter(w.fd, w.say, "w"); !errors.Is(err, syscall.ENOMEM) {
		t.Errorf("AddWriter: %v, want ENOMEM", err)
	}
	if err := w.r.AddReader(w.fd, w.say, "r2"); !errors.Is(err, syscall.ENOMEM) {
		t.Errorf("AddReader: %v, want ENOMEM", err)
	}
	w.interest(poller.In)
	w.expect(poller.Readable|poller.Writable, "r")
	w.removed(w.r.RemoveWriter, false)
	w.removed(w.r.RemoveReader, true)
}

// TestWatchReused: a descriptor that was closed and opened anew under a watch
// can be watched; nothing of the old one is left.
func TestWatchReused(t *testing.T) {
	w := newWatched(t)
	must(t, w.r.AddReader(w.fd, w.say, "old"))
	w.p.CloseFD(w.fd)
	if err := w.r.AddReader(w.fd, w.say, "x"); !errors.Is(err, syscall.EBADF) {
		t.Errorf("AddReader of a closed descriptor: %v, want EBADF", err)
	}
	w.p.Open()
	must(t, w.r.AddReader(w.fd, w.say, "new"))
	w.interest(poller.In)
	w.expect(poller.Readable, "new")
	if w.r.slots.live != 1 {
		t.Errorf("%d slots for one descriptor", w.r.slots.live)
	}
	w.removed(w.r.RemoveReader, true)
	w.interest(0)
}

// TestWatchOutlived: a descriptor that was closed under a watch, and whose number was
// attached since, is nobody's reader. Nothing that is meant for the old one reaches it.
func TestWatchOutlived(t *testing.T) {
	w := newWatched(t)
	must(t, w.r.AddReader(w.fd, w.say, "old"))
	w.p.CloseFD(w.fd)
	w.p.Open()
	_, err := w.r.Attach(w.fd, handlerFunc(func(*poller.Event, poller.Ready) { w.say("new") }), poller.In)
	must(t, err)
	w.removed(w.r.RemoveReader, false)
	if err := w.r.AddReader(w.fd, w.say, "x"); err != ErrInUse {
		t.Errorf("AddReader: %v, want ErrInUse", err)
	}
	w.interest(poller.In)
	w.expect(poller.Readable, "new")
	if w.r.slots.live != 1 || len(w.r.watches) != 0 {
		t.Errorf("%d slots and %d watches for one descriptor", w.r.slots.live, len(w.r.watches))
	}
}

// TestHoldOutlived: nor is it in the way of who holds it.
func TestHoldOutlived(t *testing.T) {
	w := newWatched(t)
	must(t, w.r.AddReader(w.fd, w.say, "old"))
	must(t, w.r.AddWriter(w.fd, w.say, "old"))
	if err := w.r.Hold(w.fd, poller.In, w.say, "x"); err != ErrInUse {
		t.Errorf("Hold of an open one: %v, want ErrInUse", err)
	}
	w.p.CloseFD(w.fd)
	w.p.Open()
	must(t, w.r.Hold(w.fd, poller.In, w.say, "new"))
	w.interest(poller.In)
	w.expect(poller.Readable|poller.Writable, "new")
	w.removed(w.r.RemoveReader, false)
	w.r.Release(w.fd, poller.In)
	if w.r.slots.live != 0 || len(w.r.watches) != 0 {
		t.Errorf("%d slots and %d watches are left", w.r.slots.live, len(w.r.watches))
	}
}

// TestWatchClosed: the watch of a descriptor that is closed already can be
// ended, and the number watched again.
func TestWatchClosed(t *testing.T) {
	w := newWatched(t)
	must(t, w.r.AddReader(w.fd, w.say, "r"))
	must(t, w.r.AddWriter(w.fd, w.say, "w"))
	w.p.CloseFD(w.fd)
	w.removed(w.r.RemoveReader, true)
	w.r.RemoveWriter(w.fd)
	if w.r.slots.live != 0 || len(w.r.watches) != 0 {
		t.Errorf("%d slots and %d watches of a closed descriptor", w.r.slots.live, len(w.r.watches))
	}
	w.p.Open()
	must(t, w.r.AddWriter(w.fd, w.say, "new"))
	w.expect(poller.Readable|poller.Writable, "new")
}

// TestWatchInOneTurn: a callback set behind the poll is not run by that poll's
// event, be it new, put in place of another or put back; the next poll runs it.
func TestWatchInOneTurn(t *testing.T) {
	for name, change := range map[string]func(w *watched){
		"replaced": func(w *watched) { must(t, w.r.AddReader(w.fd, w.say, "new")) },
		"put back": func(w *watched) {
			w.r.RemoveReader(w.fd)
			must(t, w.r.AddReader(w.fd, w.say, "new"))
		},
		"put back beside a writer": func(w *watched) {
			must(t, w.r.AddWriter(w.fd, func(any) {}, nil))
			w.r.RemoveReader(w.fd)
			must(t, w.r.AddReader(w.fd, w.say, "new"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			must(t, w.r.AddReader(w.fd, w.say, "old"))
			soon(t, w.r, func() { change(w) })
			w.expect(poller.Readable)
			w.expect(poller.Readable, "new")
		})
	}
}

// TestWatchAfterClose: a closed loop watches nothing.
func TestWatchAfterClose(t *testing.T) {
	w := newWatched(t)
	must(t, w.r.AddReader(w.fd, w.say, "r"))
	must(t, w.r.Close())
	w.removed(w.r.RemoveReader, false)
	w.removed(w.r.RemoveWriter, false)
	for _, add := range []func(int, func(any), any) error{w.r.AddReader, w.r.AddWriter} {
		if err := add(w.fd, w.say, "x"); !errors.Is(err, ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
	}
	w.p.CloseFD(w.fd) // panics if Close had closed it
}

// TestHold: what is held is neither replaced nor removed by others, leaves the other
// direction free, and is released.
func TestHold(t *testing.T) {
	w := newWatched(t)
	must(t, w.r.Hold(w.fd, poller.In, w.say, "held"))
	w.interest(poller.In)
	for _, err := range []error{w.r.AddReader(w.fd, w.say, "x"), w.r.Hold(w.fd, poller.In, w.say, "x")} {
		if err != ErrInUse {
			t.Errorf("a second one: %v, want ErrInUse", err)
		}
	}
	w.removed(w.r.RemoveReader, false)
	w.expect(poller.Readable, "held")
	must(t, w.r.AddWriter(w.fd, w.say, "w"))
	if err := w.r.Hold(w.fd, poller.Out, w.say, "x"); err != ErrInUse {
		t.Errorf("a hold beside a writer: %v, want ErrInUse", err)
	}
	w.r.Release(w.fd, poller.Out) // is not held
	w.expect(poller.Readable|poller.Writable, "held", "w")
	w.r.Release(w.fd, poller.In)
	w.interest(poller.Out)
	must(t, w.r.AddReader(w.fd, w.say, "r"))
	w.r.Release(w.fd, poller.In) // is nobody's but the reader's
	w.expect(poller.Readable|poller.Writable, "r", "w")
	w.removed(w.r.RemoveReader, true)
	w.removed(w.r.RemoveWriter, true)
	w.interest(0)
}

// TestWatchAttached: a descriptor that was attached is not watched besides.
func TestWatchAttached(t *testing.T) {
	w := newWatched(t)
	token, err := w.r.Attach(w.fd, handlerFunc(nothing), poller.In)
	must(t, err)
	for _, err := range []error{w.r.AddWriter(w.fd, w.say, "x"), w.r.Hold(w.fd, poller.Out, w.say, "x")} {
		if err != ErrInUse {
			t.Errorf("%v, want ErrInUse", err)
		}
	}
	if len(w.r.watches) != 0 || w.r.slots.live != 1 {
		t.Errorf("%d watches, %d slots", len(w.r.watches), w.r.slots.live)
	}
	must(t, w.r.Detach(token))
	must(t, w.r.AddWriter(w.fd, w.say, "w"))
	w.expect(poller.Writable, "w")
}

// TestWatchesAreReused: a watch that was given back serves another descriptor, and
// two at once have one each.
func TestWatchesAreReused(t *testing.T) {
	w := newWatched(t)
	other := w.p.Open()
	for range 3 {
		must(t, w.r.Hold(w.fd, poller.In, w.say, "a"))
		must(t, w.r.Hold(other, poller.In, w.say, "b"))
		w.p.SetReady(other, poller.Readable)
		if got := slices.Sorted(slices.Values(w.turn(poller.Readable))); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("called %v, want both", got)
		}
		w.p.ClearReady(other, poller.Readable)
		w.r.Release(other, poller.In)
		w.r.Release(w.fd, poller.In)
	}
	spare := 0
	for f := w.r.spare; f != nil; f = f.next {
		spare++
	}
	if spare != 2 || len(w.r.watches) != 0 {
		t.Errorf("%d spare, %d in use, want 2 and none", spare, len(w.r.watches))
	}
}
