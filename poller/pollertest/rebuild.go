package pollertest

import (
	"slices"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// The tests of this file are about Rebuild.

func rebuildKeeps(t *trial) {
	kept, peer := t.watched(1, poller.In)
	left, leftPeer := t.watched(2, poller.In)
	t.Write(peer, 1)
	t.Write(leftPeer, 1)
	for range 3 {
		t.ok(t.rebuild(poller.Registration{FD: kept, Token: 3, Interest: poller.In}))
		t.reports(3, readable)
	}
	t.errno(t.p.Add(kept, 1, poller.In), syscall.EEXIST)
	t.ok(t.p.Add(left, 2, poller.In))
	t.ok(t.p.Remove(kept))
	t.reports(2, readable)
}

// rebuildStale: a duplicate keeps a closed descriptor's token coming, where
// the kernel keeps registrations; Rebuild ends that.
func rebuildStale(t *trial) {
	live, livePeer := t.watched(other, poller.In)
	fd, peer := t.watched(token, poller.In)
	dup := t.Dup(fd)
	t.p.Forget(fd)
	t.Close(fd)
	t.Write(peer, 1)
	t.poll()
	t.ok(t.rebuild(poller.Registration{FD: live, Token: other, Interest: poller.In}))
	t.silent()
	t.Write(livePeer, 1)
	t.reports(other, readable)
	t.ok(t.p.Add(dup, token, poller.In))
	if got := t.poll(); len(got) != 2 {
		t.Fatalf("got %v, want both", got)
	}
}

func rebuildSkipsClosed(t *trial) {
	live, peer := t.watched(other, poller.In)
	regs := []poller.Registration{{FD: live, Token: other, Interest: poller.In}}
	for range 3 {
		a, b := t.Pair()
		regs = append(regs,
			poller.Registration{FD: a, Token: token, Interest: poller.In},
			poller.Registration{FD: b, Token: token, Interest: poller.In})
	}
	for _, r := range regs[1:] {
		t.Close(r.FD)
	}
	slices.Reverse(regs)
	t.ok(t.rebuild(regs...))
	t.Write(peer, 1)
	t.reports(other, readable)
}

// rebuildFails: a set that cannot be made leaves the old one in use.
func rebuildFails(t *trial) {
	fd, peer := t.watched(token, poller.In)
	r := poller.Registration{FD: fd, Token: other, Interest: poller.In}
	t.errno(t.rebuild(r, r), syscall.EEXIST)
	t.Write(peer, 1)
	t.reports(token, readable)
	t.ok(t.p.Modify(fd, other, poller.In))
	t.reports(other, readable)
}

func wakeAndRebuild(t *trial, m poller.Mode) {
	t.ok(t.p.Wake())
	t.ok(t.rebuild())
	events, err := t.p.Wait(poller.NoDeadline, m)
	t.ok(err)
	if len(events) != 0 {
		t.Fatalf("got %v, want nothing", events)
	}
	t.until(t.after(tick), m)
}

func rebuildBetweenWaits(t *trial, m poller.Mode) {
	fd, peer := t.watched(token, poller.In)
	for range 3 {
		t.Write(peer, 1)
		t.waits(token, readable, m)
		t.empty(fd)
		t.ok(t.rebuild(poller.Registration{FD: fd, Token: token, Interest: poller.In}))
		t.until(t.after(tick), m)
	}
}

// deadlineAfterRebuild: what was armed before serves the new set.
func deadlineAfterRebuild(t *trial, m poller.Mode) {
	deadline := t.after(10 * tick)
	t.ok(t.p.Wake())
	_, err := t.p.Wait(deadline, m)
	t.ok(err)
	t.ok(t.rebuild())
	t.until(deadline, m)
}
