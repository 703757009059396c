package pollertest

import (
	"slices"

	"github.com/shardloop/shardloop/poller"
)

// The tests of this file are about batches.

// crowd is more descriptors than twice the first array of any poller.
const crowd = 600

// pairs registers both ends of crowd/2 pairs, which are writable.
func (t *trial) crowd(i poller.Interest) {
	t.Helper()
	for n := 0; n < crowd; n += 2 {
		a, b := t.Pair()
		t.ok(t.p.Add(a, poller.Token(n), i))
		t.ok(t.p.Add(b, poller.Token(n+1), i))
	}
}

// manyReady: none starves, and before long one batch holds them all.
func manyReady(t *trial) {
	t.crowd(poller.Out)
	const rounds = 3
	seen := map[poller.Token]int{}
	for range rounds {
		for token := range t.poll() {
			seen[token]++
		}
	}
	if len(seen) != crowd {
		t.Fatalf("%d of %d reported in %d polls", len(seen), crowd, rounds)
	}
	if got := len(t.poll()); got != crowd {
		t.Fatalf("a batch of %d after %d full ones, want %d", got, rounds, crowd)
	}
}

func manyReadyEdge(t *trial) {
	t.crowd(poller.Out | poller.Edge)
	seen := map[poller.Token]bool{}
	for range crowd {
		got := t.poll()
		if len(got) == 0 {
			break
		}
		for token := range got {
			seen[token] = true
		}
	}
	if len(seen) != crowd {
		t.Fatalf("%d of %d reported", len(seen), crowd)
	}
	t.silent()
}

// batchValid: calls other than Poll and Wait leave the events alone, the
// growth of the array included.
func batchValid(t *trial) {
	t.crowd(poller.Out)
	for range 4 {
		events, err := t.p.Poll()
		t.ok(err)
		before := slices.Clone(events)
		fd, _ := t.watched(crowd, poller.Out)
		t.ok(t.p.Modify(fd, crowd+1, poller.Out))
		t.ok(t.p.Wake())
		t.ok(t.p.Remove(fd))
		if !slices.Equal(events, before) {
			t.Fatal("a batch changed before the next Poll")
		}
	}
}
