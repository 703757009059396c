//go:build unix

package stream

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/poller"
)

// world is a reactor whose turns a test calls one by one, with streams on it.
type world struct {
	t      testing.TB
	r      *reactor.Reactor
	sh     *Shard
	owners []*owner
	faults []string // what Failed and Panic were told
	sent   uint64   // what the owners were told of
	eased  int      // how often a pause for lack of memory has ended
}

// onPollers runs f with each poller of the platform.
func onPollers(t *testing.T, f func(t *testing.T, w *world)) {
	for name, makePoller := range map[string]func() (poller.Poller, error){"best": poller.New, "poll": poller.NewPoll} {
		t.Run(name, func(t *testing.T) {
			p, err := makePoller()
			must(t, err)
			f(t, newWorld(t, p))
		})
	}
}

// newWorld makes a world with a Config that is changed by all changes.
func newWorld(t testing.TB, p poller.Poller, changes ...func(*Config)) *world {
	w := &world{t: t}
	r, err := reactor.New(reactor.Config{Poller: p, Fault: w.fault, BeforePoll: func() { w.sh.Account() }, Dropped: Dropped})
	must(t, err)
	w.r = r
	c := Config{
		Linger: time.Hour,
		Failed: func(_ *Stream, during string, err error) { w.note(during, err) },
		Panic:  func(_ *Stream, during string, v any) { w.note(during, v) },
		Eased:  func() { w.eased++ },
	}
	for _, change := range changes {
		change(&c)
	}
	w.sh = NewShard(r, buffers.NewPool(0), c)
	t.Cleanup(func() {
		must(t, r.Close())
		w.sh.Close()
		if used := w.sh.Pool().Used(); used != 0 {
			t.Errorf("%d bytes of blocks were not given back", used)
		}
	})
	return w
}

func (w *world) note(during string, v any) {
	w.faults = append(w.faults, fmt.Sprintf("%s: %v", during, v))
}

// fault is what the owner of a reactor does with a panic.
func (w *world) fault(f reactor.Fault) {
	if f.Panic == nil || !w.sh.Panicked(fmt.Errorf("%v", f.Panic)) {
		w.t.Errorf("fault: %v", f)
	}
}

// turn runs one turn, with these as callbacks.
func (w *world) turn(calls ...func()) {
	w.t.Helper()
	for _, f := range calls {
		must(w.t, w.r.Soon(func(any) { f() }, nil))
	}
	w.r.Stop()
	must(w.t, w.r.Run())
}

// turns runs n turns.
func (w *world) turns(n int) {
	for range n {
		w.turn()
	}
}

// until runs turns until something is so.
func (w *world) until(so func() bool) {
	for !so() {
		w.turn()
		runtime.Gosched()
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
