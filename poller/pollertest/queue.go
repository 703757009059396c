package pollertest

import (
	"slices"
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// RunQueue runs the tests of what epoll does beyond the contract, and what the
// simulated poller therefore does too: one queue of what is ready, and
// registrations that belong to the open description.
func RunQueue(t *testing.T, name string, open Open) {
	t.Run(name, func(t *testing.T) {
		for _, test := range []struct {
			name string
			run  func(*trial)
		}{
			{"Order", queueOrder},
			{"Rotation", queueRotation},
			{"OtherNews", otherNews},
			{"StaleTokens", staleTokens},
			{"StaleAndReused", staleAndReused},
		} {
			t.Run(test.name, func(t *testing.T) { test.run(newTrial(t, open)) })
		}
	})
}

// order is the tokens of one Poll.
func (t *trial) order() []poller.Token {
	t.Helper()
	events, err := t.p.Poll()
	t.ok(err)
	var got []poller.Token
	for _, e := range events {
		got = append(got, e.Token)
	}
	return got
}

func (t *trial) ordered(want ...poller.Token) {
	t.Helper()
	if got := t.order(); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// queueOrder: events come in the order in which they became ready; what was
// reported and still holds keeps its place, what is new goes last.
func queueOrder(t *trial) {
	for _, i := range []poller.Interest{poller.In, poller.In | poller.Edge} {
		var fds, peers [4]int
		for n := range fds {
			fds[n], peers[n] = t.watched(poller.Token(n), i)
		}
		for _, n := range []int{2, 0, 3, 1} {
			t.Write(peers[n], 1)
		}
		t.ordered(2, 0, 3, 1)
		if i == poller.In {
			t.ordered(2, 0, 3, 1)
			t.empty(fds[0])
			t.ordered(2, 3, 1)
			t.Write(peers[0], 1)
			t.ordered(2, 3, 1, 0)
		}
		for _, fd := range fds {
			t.ok(t.p.Remove(fd))
		}
		t.ordered()
	}
}

// queueRotation: after a full batch, what it left out comes first.
func queueRotation(t *trial) {
	t.crowd(poller.Out)
	first, second := t.order(), t.order()
	if len(first)+len(second) < crowd {
		t.Fatalf("batches of %d and %d, want %d or more together", len(first), len(second), crowd)
	}
	for n, token := range slices.Concat(first, second)[:crowd] {
		if token != poller.Token(n) {
			t.Fatalf("event %d is of %d", n, token)
		}
	}
}

// otherNews: what begins in a direction that was not asked for is no news of
// the other.
func otherNews(t *trial) {
	fd, peer := t.watched(token, poller.In|poller.Edge)
	t.fill(fd)
	t.Write(peer, 1)
	t.reports(token, readable)
	t.silent()
	t.empty(peer)
	t.silent()
}

// staleTokens: a duplicate keeps the registration of a closed descriptor, and
// only Rebuild ends it.
func staleTokens(t *trial) {
	fd, peer := t.watched(token, poller.In)
	dup := t.Dup(fd)
	t.p.Forget(fd)
	t.Close(fd)
	t.Write(peer, 1)
	t.reports(token, readable)
	t.reports(token, readable)
	if t.p.Remove(fd) == nil {
		t.Fatal("Remove found a closed descriptor")
	}
	t.ok(t.rebuild())
	t.silent()
	t.ok(t.p.Add(dup, other, poller.In))
	t.reports(other, readable)
}

// staleAndReused: the successor of a closed descriptor and its stale token are
// told apart by generation; the last close ends the stale one.
func staleAndReused(t *trial) {
	fd, peer := t.watched(token, poller.In)
	dup := t.Dup(fd)
	t.Close(fd)
	again, _ := t.Pair()
	if again != fd {
		t.Fatalf("descriptor %d, want %d reused", again, fd)
	}
	t.ok(t.p.Add(again, other, poller.Out))
	t.Write(peer, 1)
	got := t.poll()
	if got[token] != readable || got[other] != writable || token.Index() != other.Index() {
		t.Fatalf("got %v, want both generations", got)
	}
	t.Close(dup)
	t.reports(other, writable)
}
