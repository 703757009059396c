package pollertest

import (
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
)

// trial is one test's poller, fixture and checks.
type trial struct {
	testing.TB
	Fixture
	p poller.Poller
}

func newTrial(t testing.TB, open Open) *trial {
	f := open(t)
	tr := &trial{TB: t, Fixture: f, p: f.New()}
	t.Cleanup(func() { tr.ok(tr.p.Close()) })
	return tr
}

func (t *trial) ok(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watched is a pair whose first end is registered.
func (t *trial) watched(token poller.Token, i poller.Interest) (fd, peer int) {
	t.Helper()
	fd, peer = t.Pair()
	t.ok(t.p.Add(fd, token, i))
	return fd, peer
}

// poll is the union of what one Poll reports, by token.
func (t *trial) poll() map[poller.Token]poller.Ready {
	t.Helper()
	events, err := t.p.Poll()
	t.ok(err)
	return union(events)
}

func union(events []poller.Event) map[poller.Token]poller.Ready {
	got := map[poller.Token]poller.Ready{}
	for _, e := range events {
		got[e.Token] |= e.Ready
	}
	return got
}

// reports polls once and wants exactly that of token, and of no other.
func (t *trial) reports(token poller.Token, want poller.Ready) {
	t.Helper()
	got := t.poll()
	if got[token] != want&^t.Lacks() || len(got) != 1 {
		t.Fatalf("got %v, want %v: %v", got, token, want)
	}
}

// silent polls once and wants nothing.
func (t *trial) silent() {
	t.Helper()
	if got := t.poll(); len(got) != 0 {
		t.Fatalf("got %v, want nothing", got)
	}
}

// settles wants silence after repeats that Edge allows, and no spinning.
func (t *trial) settles() {
	t.Helper()
	const repeats = 3
	var got map[poller.Token]poller.Ready
	for range repeats {
		if got = t.poll(); len(got) == 0 {
			return
		}
	}
	t.Fatalf("still %v after %d polls", got, repeats)
}

// until waits until deadline and wants no events before it. A few early
// returns are allowed, a poller that spins is not.
func (t *trial) until(deadline int64, m poller.Mode) {
	t.Helper()
	const early = 3
	for n := 0; t.p.Now() < deadline; n++ {
		if n > early {
			t.Fatalf("%d early returns, %v before the deadline", n, time.Duration(deadline-t.p.Now()))
		}
		events, err := t.p.Wait(deadline, m)
		t.ok(err)
		if len(events) != 0 {
			t.Fatalf("got %v, want nothing until the deadline", events)
		}
	}
}

func (t *trial) after(d time.Duration) int64 { return t.p.Now() + int64(d) }

// fill writes to fd until it takes no more.
func (t *trial) fill(fd int) {
	t.Helper()
	for t.Write(fd, 4096) > 0 {
	}
}

// empty reads fd until nothing is left.
func (t *trial) empty(fd int) {
	t.Helper()
	for t.Read(fd, 1<<16) > 0 {
	}
}

func (t *trial) rebuild(regs ...poller.Registration) error {
	return t.p.Rebuild(slices.Values(regs))
}
