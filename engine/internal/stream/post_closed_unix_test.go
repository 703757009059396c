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
