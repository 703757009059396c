package pollertest

import (
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// The tests of this file are about what a registration reports, and when.

const (
	token = poller.Token(7)
	other = poller.Token(1)<<32 | 7

	readable = poller.Readable
	writable = poller.Writable
	edge     = poller.In | poller.Out | poller.Edge
)

func levelRepeats(t *trial) {
	fd, peer := t.watched(token, poller.In)
	t.silent()
	t.Write(peer, 10)
	for range 3 {
		t.reports(token, readable)
	}
	t.Read(fd, 5)
	t.reports(token, readable)
	t.empty(fd)
	t.silent()
	t.Write(peer, 1)
	t.reports(token, readable)
}

func levelAsksPerDirection(t *trial) {
	in, inPeer := t.watched(1, poller.In)
	out, outPeer := t.watched(2, poller.Out)
	t.reports(2, writable)
	t.Write(outPeer, 1)
	t.reports(2, writable)
	t.fill(out)
	t.silent()
	t.Write(inPeer, 1)
	t.reports(1, readable)
	t.empty(in)
	t.empty(outPeer)
	t.reports(2, writable)

	t.ok(t.p.Modify(out, 2, poller.In|poller.Out))
	t.reports(2, readable|writable)
}

func levelPeerClosed(t *trial) {
	fd, peer := t.watched(token, poller.In)
	t.Shutdown(peer)
	t.reports(token, readable)
	t.ok(t.p.Rearm(fd, token, poller.In|poller.Out))
	t.reports(token, readable)
}

func edgeOnce(t *trial) {
	fd, peer := t.watched(token, poller.In|poller.Edge)
	t.silent()
	t.Write(peer, 10)
	t.reports(token, readable)
	t.settles()
	t.empty(fd)
	t.ok(t.p.Rearm(fd, token, poller.In))
	t.settles()
}

func edgeAnew(t *trial) {
	fd, peer := t.watched(token, poller.In|poller.Edge)
	for range 3 {
		t.Write(peer, 10)
		t.reports(token, readable)
		t.settles()
		t.empty(fd)
		t.ok(t.p.Rearm(fd, token, poller.In))
	}
}

// edgeUnread: more data, or for a poller with Rearm the same, is reported to a
// consumer that left some. Such a poller is silent about a direction until it
// is rearmed, and ever about one that was not asked for.
func edgeUnread(t *trial) {
	fd, peer := t.watched(token, poller.In|poller.Edge)
	t.Write(peer, 10)
	t.reports(token, readable)
	t.settles()
	t.Read(fd, 5)
	if t.p.Traits().Rearm {
		t.silent()
		t.Write(peer, 10)
		t.silent()
		t.ok(t.p.Rearm(fd, token, poller.Out))
		t.silent()
		t.errno(t.p.Rearm(fd, other, poller.In), syscall.ENOENT)
		t.errno(t.p.Rearm(peer, token, poller.In), syscall.ENOENT)
		t.silent()
	} else {
		t.Write(peer, 10)
	}
	t.ok(t.p.Rearm(fd, token, poller.In))
	t.reports(token, readable)
}

func edgeBothDirections(t *trial) {
	fd, peer := t.watched(token, edge)
	t.reports(token, writable)
	t.settles()

	t.Write(peer, 1)
	if got := t.poll(); got[token]&readable == 0 {
		t.Fatalf("got %v, want readable", got)
	}
	t.settles()
	t.empty(fd)
	t.ok(t.p.Rearm(fd, token, poller.In))

	t.fill(fd)
	t.ok(t.p.Rearm(fd, token, poller.Out))
	t.settles()
	t.empty(peer)
	t.reports(token, writable)
	t.settles()
}

// edgeOneDirection: the other one is not told, whatever happens there.
func edgeOneDirection(t *trial) {
	_, peer := t.watched(token, poller.Out|poller.Edge)
	t.reports(token, writable)
	t.Write(peer, 1)
	for range 2 {
		if got := t.poll(); got[token]&readable != 0 {
			t.Fatalf("got %v, readable was not asked for", got)
		}
		t.Shutdown(peer)
	}
}

func edgePeerClosed(t *trial) {
	fd, peer := t.watched(token, poller.In|poller.Edge)
	t.Write(peer, 1)
	t.Shutdown(peer)
	t.reports(token, readable|poller.PeerClosed)
	t.settles()
	t.ok(t.p.Rearm(fd, token, poller.In))
	if t.p.Traits().Rearm {
		t.reports(token, readable|poller.PeerClosed)
	}
	t.settles()
}

func hangUpAlways(t *trial) {
	_, peer := t.watched(token, 0)
	t.silent()
	t.Close(peer)
	t.reports(token, poller.HangUp)
	t.reports(token, poller.HangUp)
}

// failedAlways: closing an end with unread bytes resets the other.
func failedAlways(t *trial) {
	fd, peer := t.watched(token, 0)
	t.Write(fd, 1)
	t.silent()
	t.Close(peer)
	if got := t.poll()[token]; got&poller.Failed == 0 || got&(readable|writable) != 0 {
		t.Fatalf("got %v, want Failed and no direction", got)
	}
}

// hangUpSettles: no poller spins over an end that an Edge consumer has seen.
func hangUpSettles(t *trial) {
	for _, i := range []poller.Interest{poller.Edge, poller.In | poller.Edge, poller.Out | poller.Edge, edge} {
		fd, peer := t.watched(token, i)
		t.settles()
		t.Close(peer)
		if got := t.poll()[token]; got&poller.HangUp == 0 {
			t.Fatalf("interest %v: got %v, want HangUp", i, got)
		}
		t.settles()
		t.ok(t.p.Rearm(fd, token, i))
		if got := t.poll()[token]; t.p.Traits().Rearm && got&poller.HangUp == 0 {
			t.Fatalf("interest %v: got %v, want HangUp again", i, got)
		}
		t.settles()
		t.ok(t.p.Remove(fd))
	}
}

func readableFirst(t *trial) {
	_, peer := t.watched(token, poller.In|poller.Out)
	t.Write(peer, 1)
	events, err := t.p.Poll()
	t.ok(err)
	wrote := false
	for _, e := range events {
		if e.Ready&readable != 0 && wrote {
			t.Fatalf("%v: readable after writable", events)
		}
		wrote = wrote || e.Ready&writable != 0
	}
	if union(events)[token] != readable|writable {
		t.Fatalf("got %v, want both directions", events)
	}
}

func noCompletion(t *trial) {
	_, peer := t.watched(token, poller.In)
	t.Write(peer, 1)
	events, err := t.p.Poll()
	t.ok(err)
	for _, e := range events {
		if !t.p.Traits().Completions && (e.N != 0 || e.Errno != 0 || e.Ready&poller.Done != 0) {
			t.Fatalf("%+v: a completion from a readiness poller", e)
		}
	}
}
