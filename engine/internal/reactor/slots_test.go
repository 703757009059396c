package reactor

import (
	"errors"
	"math"
	"slices"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// handlerFunc is a Handler.
type handlerFunc func(*poller.Event, poller.Ready)

func (f handlerFunc) HandleReady(ev *poller.Event, r poller.Ready) { f(ev, r) }

func nothing(*poller.Event, poller.Ready) {}

// TestSlotGenerations: a slot is used again under another token, and no
// generation is 0.
func TestSlotGenerations(t *testing.T) {
	var s slots
	i := s.take()
	s.table[i].fd = 5
	for _, g := range []uint32{1, 2, math.MaxUint32} {
		s.table[i].generation = g
		old := poller.MakeToken(i, g)
		if s.at(old) == nil {
			t.Errorf("generation %d: the token names nothing", g)
		}
		s.release(i, 0)
		if s.at(old) != nil || s.live != 0 {
			t.Errorf("generation %d: a free slot has a name; %d live", g, s.live)
		}
		if again := s.take(); again != i || len(s.table) != 1 {
			t.Errorf("slot %d of %d after %d was freed", again, len(s.table), i)
		}
		s.table[i].fd = 5
		if g := s.table[i].generation; g == 0 || s.at(poller.MakeToken(i, g)) == nil || s.at(old) != nil {
			t.Errorf("the slot has generation %d", g)
		}
	}
	if g := s.table[i].generation; g != 1 {
		t.Errorf("the generation after the last is %d, want 1", g)
	}
}

// TestSlotUnknownTokens: tokens that never were, or are not yet, name nothing.
func TestSlotUnknownTokens(t *testing.T) {
	var s slots
	i := s.take()
	for _, token := range []poller.Token{0, poller.MakeToken(i, 1), poller.MakeToken(i+1, 1), poller.MakeToken(poller.OwnIndex, 1)} {
		if s.at(token) != nil {
			t.Errorf("token %x names a slot", token)
		}
	}
}

// TestAttach: what a failed Attach, a Detach and a Forget leave behind.
func TestAttach(t *testing.T) {
	r, p := newSim(t, Config{})
	if _, err := r.Attach(99, handlerFunc(nothing), poller.In); !errors.Is(err, syscall.EBADF) {
		t.Errorf("Attach of a closed descriptor: %v, want EBADF", err)
	}
	if _, err := r.Attach(p.OpenFile(), handlerFunc(nothing), poller.In); !errors.Is(err, syscall.EPERM) {
		t.Errorf("Attach of a file: %v, want EPERM", err)
	}
	if r.slots.live != 0 || len(slices.Collect(r.slots.registrations())) != 0 {
		t.Error("a failed Attach left a slot in use")
	}
	fd := p.Open()
	token, err := r.Attach(fd, handlerFunc(nothing), poller.In)
	must(t, err)
	must(t, r.Modify(token, poller.Out))
	want := poller.Registration{FD: fd, Token: token, Interest: poller.Out}
	if got := slices.Collect(r.slots.registrations()); !slices.Equal(got, []poller.Registration{want}) {
		t.Errorf("registrations %v, want %v", got, want)
	}
	must(t, r.Detach(token))
	if _, ok := p.Registered(fd); ok || r.slots.live != 0 {
		t.Error("Detach left something registered")
	}
	must(t, r.Detach(token))
	r.Forget(token)
	r.Rearm(token, poller.In)
	if err := r.Modify(token, poller.In); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("Modify by a stale token: %v, want ENOENT", err)
	}
	if r.slots.live != 0 {
		t.Errorf("%d slots in use after stale tokens", r.slots.live)
	}
}

// TestAttachAfterClose: nothing can be attached, and nothing counts as it.
func TestAttachAfterClose(t *testing.T) {
	r, p := newSim(t, Config{})
	fd := p.Open()
	token, err := r.Attach(fd, handlerFunc(nothing), poller.In)
	must(t, err)
	must(t, r.Close())
	if _, err := r.Attach(p.Open(), handlerFunc(nothing), poller.In); !errors.Is(err, ErrClosed) {
		t.Errorf("Attach: %v, want ErrClosed", err)
	}
	if err := r.Detach(token); err != nil {
		t.Errorf("Detach: %v", err)
	}
	if n := r.Stats().Descriptors; n != 0 {
		t.Errorf("a closed reactor counts %d descriptors", n)
	}
}

// TestStaleInBatch: an event of a registration that a callback before it ended
// is dropped, also when the slot has a new owner by then, and is not held
// against the poller.
func TestStaleInBatch(t *testing.T) {
	r, p := newSim(t, Config{})
	a, b := p.Open(), p.Open()
	var tokenB poller.Token
	_, err := r.Attach(a, handlerFunc(func(*poller.Event, poller.Ready) {
		r.Forget(tokenB)
		p.CloseFD(b)
		if fd := p.Open(); fd != b {
			t.Errorf("descriptor %d in place of %d", fd, b)
		}
		fresh, err := r.Attach(b, handlerFunc(func(*poller.Event, poller.Ready) {
			t.Error("the event of the old descriptor reached the new one")
		}), poller.In)
		must(t, err)
		if fresh.Index() != tokenB.Index() || fresh == tokenB {
			t.Errorf("token %x after %x", fresh, tokenB)
		}
		r.Stop()
	}), poller.In|poller.Edge)
	must(t, err)
	tokenB, err = r.Attach(b, handlerFunc(func(*poller.Event, poller.Ready) { t.Error("ran") }), poller.In|poller.Edge)
	must(t, err)
	p.SetReady(a, poller.Readable)
	p.SetReady(b, poller.Readable)
	must(t, r.Run())
	if r.staleRun != 0 || r.Stats().Stale != 1 {
		t.Errorf("%d stale events, %d of them suspect", r.Stats().Stale, r.staleRun)
	}
}

// TestEventLeftover: a handler that leaves bits in its event is called with
// them once more, also when it panics.
func TestEventLeftover(t *testing.T) {
	faults := 0
	r, p := newSim(t, Config{Fault: func(Fault) { faults++ }})
	fd := p.Open()
	var got []poller.Ready
	_, err := r.Attach(fd, handlerFunc(func(ev *poller.Event, ready poller.Ready) {
		got = append(got, ready)
		if len(got) == 1 {
			ev.Ready = poller.Writable
			panic("on purpose")
		}
		r.Stop()
	}), poller.In|poller.Edge)
	must(t, err)
	p.SetReady(fd, poller.Readable)
	must(t, r.Run())
	if want := []poller.Ready{poller.Readable, poller.Writable}; !slices.Equal(got, want) || faults != 1 {
		t.Errorf("called with %v and %d faults, want %v and 1", got, faults, want)
	}
}

// TestRearm: a poller that wants it is told, and what it answers is reported.
func TestRearm(t *testing.T) {
	var faults []error
	p := simpoll.NewOneShot()
	r, _ := newSim(t, Config{Poller: p, Fault: func(f Fault) { faults = append(faults, f.Err) }})
	token, err := r.Attach(p.Open(), handlerFunc(nothing), poller.In|poller.Edge)
	must(t, err)
	r.Rearm(token, poller.In)
	p.Inject(simpoll.OpRearm, simpoll.Fault{Err: errPoller})
	r.Rearm(token, poller.In)
	if p.Calls(simpoll.OpRearm) != 2 || !slices.Equal(faults, []error{errPoller}) {
		t.Errorf("%d calls, faults %v", p.Calls(simpoll.OpRearm), faults)
	}

	r, p = newSim(t, Config{}) // which does not want it
	token, err = r.Attach(p.Open(), handlerFunc(nothing), poller.In|poller.Edge)
	must(t, err)
	if r.Rearm(token, poller.In); p.Calls(simpoll.OpRearm) != 0 {
		t.Error("a poller that needs no Rearm was told")
	}
}
