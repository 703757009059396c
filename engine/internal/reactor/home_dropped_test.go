package reactor

import (
	"runtime"
	"slices"
	"testing"
)

// numbers schedules callbacks that must not run, by Soon and by Post in turn.
func numbers(t *testing.T, r *Reactor, from, to int) {
	t.Helper()
	never := func(any) { t.Error("a callback has run") }
	for i := from; i < to; i++ {
		must(t, r.Soon(never, i))
	}
	for i := to; i < 2*to-from; i++ {
		must(t, r.Post(never, i))
	}
}

func upTo(n int) (all []any) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// TestDroppedByClose: Close tells the arguments of what it drops, once and in order,
// when nothing can be scheduled any more.
func TestDroppedByClose(t *testing.T) {
	for _, n := range []int{0, 1, 5*chunkSize + 7} {
		var got []any
		var r *Reactor
		r, _ = newSim(t, Config{
			Dropped: func(arg any) {
				expect(t, "Post in Dropped", r.Post(nop, nil), ErrClosed)
				got = append(got, arg)
			},
			Closed: func() { got = append(got, "closed") },
		})
		within(t, r, func() {})
		numbers(t, r, 0, n)
		must(t, r.Close())
		must(t, r.Close())
		if want := append(upTo(2*n), "closed"); !slices.Equal(got, want) {
			t.Errorf("%d: dropped %v", n, got)
		}
	}
}

// TestDroppedByGoexit: a loop that dies tells the rest of its batch and what came
// behind it, before the run is told as over, and Close tells nothing again.
func TestDroppedByGoexit(t *testing.T) {
	for _, n := range []int{1, 3*chunkSize + 7} {
		var got []any
		var r *Reactor
		r, _ = newSim(t, Config{Dropped: func(arg any) { got = append(got, arg) }})
		must(t, r.Soon(func(any) {
			numbers(t, r, n, 3*n)
			runtime.Goexit()
		}, nil))
		for i := range n {
			must(t, r.Soon(func(any) { t.Error("a callback has run") }, i))
		}
		ends(t, r)
		if !slices.Equal(got, upTo(5*n)) {
			t.Errorf("%d: dropped %v", n, got)
		}
		must(t, r.Close())
		if len(got) != 5*n {
			t.Errorf("%d: Close dropped %v", n, got[5*n:])
		}
	}
}

// TestDroppedDies: whatever ends the loop's goroutine once more, the run is over.
func TestDroppedDies(t *testing.T) {
	calls := 0
	r, _ := newSim(t, Config{Dropped: func(any) { calls++; runtime.Goexit() }})
	must(t, r.Soon(func(any) { numbers(t, r, 0, 3); runtime.Goexit() }, nil))
	ends(t, r)
	if calls != 1 || r.Running() {
		t.Errorf("%d calls, running is %t", calls, r.Running())
	}
}
