//go:build unix

package stream

import "testing"

// TestPostsOnAClosedLoopTakeNoRoom: each is refused for the same reason, however
// many there were.
func TestPostsOnAClosedLoopTakeNoRoom(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		must(t, w.r.Close())
		first := o.Post(pattern(DefaultHigh))
		if first == nil || first == ErrWouldBlock {
			t.Errorf("a post returns %v", first)
		}
		for range 10 {
			equal(t, "a post", o.Post(pattern(DefaultHigh)), first)
			equal(t, "a post of memory", o.PostOwned(pattern(100), nil), first)
		}
		equal(t, "on the way", o.flight.pending(), 0)
		equal(t, "copies on the way", w.sh.posts.used, 0)
		o.Abort()
	})
}

// TestPostsOnAClosedLoopCountForNothing in the loop's memory.
func TestPostsOnAClosedLoopCountForNothing(t *testing.T) {
	onLimited(t, 4, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		must(t, w.r.Close())
		if o.Post(pattern(100)) == nil || o.PostOwned(pattern(100), nil) == nil {
			t.Error("a post was taken")
		}
		equal(t, "memory", w.sh.Stats().Memory, 0)
		o.Abort()
	})
}

// TestPostsThatAreDropped: what was on its way when the loop was closed goes back to
// whose it is, once, and a release that panics keeps no other from being called.
func TestPostsThatAreDropped(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		released := ""
		must(t, o.Post([]byte("x")))
		must(t, o.PostOwned([]byte("y"), func() { released += "1"; panic("in release") }))
		must(t, o.PostOwned([]byte("z"), nil))
		must(t, o.PostOwned(nil, func() { released += "2" }))
		must(t, w.r.Close())
		equal(t, "released", released, "12")
		equal(t, "faults", len(w.faults), 1)
		w.faults = nil
		o.Abort()
		equal(t, "released", released, "12")
		p.read()
		equal(t, "sent", p.in.n, 0)
	})
}
