package simpoll_test

import (
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

func ready(t *testing.T, p *simpoll.Poller) int {
	t.Helper()
	fd := p.Open()
	if err := p.Add(fd, 1, poller.In); err != nil {
		t.Fatal(err)
	}
	p.SetReady(fd, poller.Readable)
	return fd
}

// TestVirtualTime: the clock moves by Advance and by a Wait for nothing.
func TestVirtualTime(t *testing.T) {
	p := simpoll.New()
	p.Advance(time.Hour)
	if now := p.Now(); now != int64(time.Hour) {
		t.Fatalf("Now is %d after an hour", now)
	}
	deadline := p.Now() + int64(24*time.Hour)
	if events, err := p.Wait(deadline, poller.Block); err != nil || len(events) != 0 || p.Now() != deadline {
		t.Fatalf("%v, %v at %d, want nothing at %d", events, err, p.Now(), deadline)
	}
	p.Wait(deadline-5, poller.Block)
	if p.Now() != deadline {
		t.Fatal("a past deadline moved the clock")
	}
	fd := ready(t, p)
	if events, _ := p.Wait(deadline+5, poller.Block); len(events) != 1 || p.Now() != deadline {
		t.Fatalf("%v at %d, want an event and no time", events, p.Now())
	}
	p.ClearReady(fd, poller.Readable)
	p.Wake()
	if p.Wait(deadline+5, poller.Block); p.Now() != deadline {
		t.Fatal("a wake-up moved the clock")
	}
}

// TestBatches: batches begin at 256 events and double when full.
func TestBatches(t *testing.T) {
	p := simpoll.New()
	const many = 1000
	for range many {
		ready(t, p)
	}
	for _, want := range []int{256, 512, many, many} {
		if events, err := p.Poll(); err != nil || len(events) != want {
			t.Fatalf("a batch of %d, %v, want %d", len(events), err, want)
		}
	}
}

// TestWaitForReady: a Wait without deadline sees what other goroutines do.
func TestWaitForReady(t *testing.T) {
	p := simpoll.New()
	fd := p.Open()
	if err := p.Add(fd, 1, poller.In); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		p.SetReady(fd, poller.Writable) // nobody asked for it
		p.Advance(time.Second)
		p.SetReady(fd, poller.Readable)
	})
	events, err := p.Wait(poller.NoDeadline, poller.Park)
	if err != nil || len(events) != 1 || events[0].Ready != poller.Readable || p.Now() != int64(time.Second) {
		t.Fatalf("%v, %v at %d", events, err, p.Now())
	}
}

func TestFaultEvents(t *testing.T) {
	p := simpoll.New()
	ready(t, p)
	spurious := poller.Event{Token: 9, Ready: poller.Done, N: 3, Errno: syscall.EIO}
	want := poller.Event{Token: 1, Ready: poller.Readable}
	p.Inject(simpoll.OpPoll, simpoll.Fault{Events: []poller.Event{spurious}})
	p.Inject(simpoll.OpWait, simpoll.Fault{Events: []poller.Event{spurious, spurious}})
	for _, step := range []struct {
		events []poller.Event
		fetch  func() ([]poller.Event, error)
	}{
		{[]poller.Event{spurious, want}, p.Poll},
		{[]poller.Event{want}, p.Poll},
		{[]poller.Event{spurious, spurious, want}, func() ([]poller.Event, error) { return p.Wait(5, poller.Block) }},
		{[]poller.Event{want}, func() ([]poller.Event, error) { return p.Wait(5, poller.Block) }},
	} {
		if got, err := step.fetch(); err != nil || !slices.Equal(got, step.events) {
			t.Errorf("got %v, %v, want %v", got, err, step.events)
		}
	}
}

// TestFaultEarly: an early return hides the events, and leaves the wake-up and
// all but Elapse of the time.
func TestFaultEarly(t *testing.T) {
	p := simpoll.New()
	ready(t, p)
	p.Wake()
	p.Inject(simpoll.OpWait, simpoll.Fault{Early: true, Elapse: 3}, simpoll.Fault{Early: true})
	for range 2 {
		if events, err := p.Wait(10, poller.Block); err != nil || len(events) != 0 || p.Now() != 3 {
			t.Fatalf("%v, %v at %d", events, err, p.Now())
		}
	}
	if events, err := p.Wait(10, poller.Block); err != nil || len(events) != 1 || p.Now() != 3 {
		t.Fatalf("%v, %v at %d", events, err, p.Now())
	}
}

// TestEarlyKeepsWake: the wake-up that an early return left ends the next Wait.
func TestEarlyKeepsWake(t *testing.T) {
	p := simpoll.New()
	p.Wake()
	p.Inject(simpoll.OpWait, simpoll.Fault{Early: true})
	for range 2 {
		if _, err := p.Wait(10, poller.Block); err != nil || p.Now() != 0 {
			t.Fatalf("%v at %d, want no time to pass", err, p.Now())
		}
	}
	if _, err := p.Wait(10, poller.Block); err != nil || p.Now() != 10 {
		t.Fatalf("%v at %d, want the deadline", err, p.Now())
	}
}

// TestFaultErrors: every method fails when told to, once, and does nothing.
func TestFaultErrors(t *testing.T) {
	p := simpoll.New()
	fd := ready(t, p)
	calls := map[simpoll.Op]func() error{
		simpoll.OpPoll:    func() error { _, err := p.Poll(); return err },
		simpoll.OpWait:    func() error { _, err := p.Wait(0, poller.Block); return err },
		simpoll.OpAdd:     func() error { return p.Add(fd, 2, poller.Out) },
		simpoll.OpModify:  func() error { return p.Modify(fd, 2, poller.Out) },
		simpoll.OpRemove:  func() error { return p.Remove(fd) },
		simpoll.OpRearm:   func() error { return p.Rearm(fd, 1, poller.In) },
		simpoll.OpRebuild: func() error { return p.Rebuild(slices.Values([]poller.Registration{})) },
		simpoll.OpWake:    p.Wake,
	}
	for op, call := range calls {
		before := p.Calls(op)
		p.Inject(op, simpoll.Fault{Err: syscall.ENOMEM})
		if err := call(); !errors.Is(err, syscall.ENOMEM) {
			t.Errorf("op %d: %v, want ENOMEM", op, err)
		}
		if n := p.Calls(op) - before; n != 1 {
			t.Errorf("op %d: %d calls counted", op, n)
		}
		want := poller.Registration{FD: fd, Token: 1, Interest: poller.In}
		if r, ok := p.Registered(fd); !ok || r != want {
			t.Errorf("op %d changed the registration: %v, %v", op, r, ok)
		}
	}
	if err := p.Remove(fd); err != nil {
		t.Error(err)
	}
	if _, ok := p.Registered(fd); ok {
		t.Error("still registered")
	}
}

// TestFaultDo: what Do changes is seen by the call that it came before.
func TestFaultDo(t *testing.T) {
	p := simpoll.New()
	fd := ready(t, p)
	p.Inject(simpoll.OpWait,
		simpoll.Fault{Do: func() { p.ClearReady(fd, poller.Readable); p.Advance(2) }},
		simpoll.Fault{Do: func() { p.SetReady(fd, poller.Readable) }},
		simpoll.Fault{Do: func() { p.CloseFD(fd) }})
	for _, want := range []struct {
		events int
		now    int64
	}{{0, 10}, {1, 10}, {0, 20}} {
		events, err := p.Wait(want.now, poller.Block)
		if err != nil || len(events) != want.events || p.Now() != want.now {
			t.Errorf("%v, %v at %d, want %d events at %d", events, err, p.Now(), want.events, want.now)
		}
	}
	if again := p.Open(); again != fd {
		t.Errorf("descriptor %d, want %d reused", again, fd)
	}
}

// TestMisuse: a test that names a closed descriptor is told.
func TestMisuse(t *testing.T) {
	p := simpoll.New()
	for name, call := range map[string]func(){
		"SetReady":   func() { p.SetReady(5, poller.Readable) },
		"ClearReady": func() { p.ClearReady(5, poller.Readable) },
		"Dup":        func() { p.Dup(5) },
		"CloseFD":    func() { p.CloseFD(5) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s took a closed descriptor", name)
				}
			}()
			call()
		}()
	}
}
