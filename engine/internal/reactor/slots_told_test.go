package reactor

import (
	"errors"
	"slices"
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// told is a poller that remembers what it was told to forget, and fails to close.
type told struct {
	*simpoll.Poller
	forgotten []int
}

func (p *told) Forget(fd int) { p.forgotten = append(p.forgotten, fd) }

func (p *told) Close() error { return errors.Join(p.Poller.Close(), errPoller) }

// TestPollerIsTold: of what is forgotten, and its last error is told.
func TestPollerIsTold(t *testing.T) {
	p := &told{Poller: simpoll.New()}
	r, err := New(Config{Poller: p})
	must(t, err)
	fd := p.Open()
	token, err := r.Attach(fd, handlerFunc(nothing), poller.In)
	must(t, err)
	for range 2 {
		r.Forget(token)
	}
	if !slices.Equal(p.forgotten, []int{fd}) {
		t.Errorf("the poller forgets %v, want %d", p.forgotten, fd)
	}
	if err := r.Close(); !errors.Is(err, errPoller) {
		t.Errorf("Close: %v", err)
	}
}

// TestDetachFails: the registration is gone all the same.
func TestDetachFails(t *testing.T) {
	r, p := newSim(t, Config{})
	token, err := r.Attach(p.Open(), handlerFunc(nothing), poller.In)
	must(t, err)
	p.Inject(simpoll.OpRemove, simpoll.Fault{Err: errPoller})
	if err := r.Detach(token); !errors.Is(err, errPoller) {
		t.Errorf("Detach: %v", err)
	}
	if r.slots.live != 0 {
		t.Error("the slot is in use")
	}
}

// TestAgainOfTheDetached: what comes again for a registration that has ended is
// dropped, and not held against the poller.
func TestAgainOfTheDetached(t *testing.T) {
	r, p := newSim(t, Config{})
	token, err := r.Attach(p.Open(), handlerFunc(func(*poller.Event, poller.Ready) { t.Error("ran") }), poller.In)
	must(t, err)
	within(t, r, func() {
		r.Again(token, poller.Readable)
		must(t, r.Detach(token))
	})
	within(t, r, func() {})
	if n := r.Stats().Stale; n != 0 {
		t.Errorf("%d stale events", n)
	}
}

// TestWatchReplaced: with a new descriptor of the same number, the other side's watch
// of the old one is gone.
func TestWatchReplaced(t *testing.T) {
	r, p := newSim(t, Config{})
	fd := p.Open()
	within(t, r, func() {
		must(t, r.AddReader(fd, func(any) { t.Error("ran") }, nil))
		p.CloseFD(fd)
		if again := p.Open(); again != fd {
			t.Errorf("descriptor %d in place of %d", again, fd)
		}
		must(t, r.AddWriter(fd, func(any) {}, nil))
		if r.RemoveReader(fd) {
			t.Error("the reader of the old descriptor is there")
		}
		if !r.RemoveWriter(fd) {
			t.Error("the writer is not there")
		}
	})
}
