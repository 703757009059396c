package pollertest

import (
	"errors"
	"math"
	"os"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// The tests of this file are about adding, changing and ending registrations.

func tokens(t *trial) {
	for _, want := range []poller.Token{
		0,
		poller.MakeToken(1, 0),
		poller.MakeToken(0, 1),
		poller.MakeToken(1<<31, 1<<31+1),
		poller.MakeToken(poller.OwnIndex-1, math.MaxUint32),
		poller.MakeToken(0x01020304, 0xf5060708),
	} {
		fd, peer := t.watched(want, poller.In)
		t.Write(peer, 1)
		t.reports(want, readable)
		t.ok(t.p.Modify(fd, want^0x0100, poller.In))
		t.reports(want^0x0100, readable)
		t.ok(t.p.Remove(fd))
	}
}

func ownIndex(t *trial) {
	fd, peer := t.Pair()
	own := poller.MakeToken(poller.OwnIndex, 3)
	t.errno(t.p.Add(fd, own, poller.In), syscall.EINVAL)
	t.ok(t.p.Add(fd, token, poller.In))
	t.errno(t.p.Modify(fd, own, poller.Out), syscall.EINVAL)
	t.Write(peer, 1)
	t.reports(token, readable)
}

// errno wants a *os.SyscallError that wraps want.
func (t *trial) errno(err error, want syscall.Errno) {
	t.Helper()
	var se *os.SyscallError
	if !errors.Is(err, want) || !errors.As(err, &se) {
		t.Fatalf("got %v (%T), want a SyscallError of %v", err, err, want)
	}
}

func registrationErrors(t *trial) {
	fd, peer := t.watched(token, poller.In)
	free, freePeer := t.Pair()
	t.errno(t.p.Add(fd, other, poller.Out), syscall.EEXIST)
	t.errno(t.p.Modify(free, token, poller.In), syscall.ENOENT)
	t.errno(t.p.Remove(free), syscall.ENOENT)
	t.Close(free)
	t.Close(freePeer)
	t.errno(t.p.Add(free, token, poller.In), syscall.EBADF)
	t.errno(t.p.Add(-1, token, poller.In), syscall.EBADF)
	if err := t.p.Modify(-1, token, poller.In); err == nil {
		t.Fatal("Modify(-1) succeeded")
	}
	if err := t.p.Remove(1 << 20); err == nil {
		t.Fatal("Remove of a number far off succeeded")
	}
	t.Write(peer, 1)
	t.reports(token, readable)
}

func regularFile(t *trial) {
	fd := t.File()
	err := t.p.Add(fd, token, poller.In)
	if err == nil {
		t.reports(token, readable)
		t.reports(token, readable)
		return
	}
	t.errno(err, syscall.EPERM)
	t.silent()
}

func modify(t *trial) {
	fd, peer := t.watched(token, poller.In)
	t.Write(peer, 1)
	t.reports(token, readable)
	t.ok(t.p.Modify(fd, other, poller.Out))
	t.reports(other, writable)
	t.ok(t.p.Modify(fd, other, 0))
	t.silent()
	t.ok(t.p.Modify(fd, token, poller.In|poller.Out))
	t.reports(token, readable|writable)
}

func modifyEdge(t *trial) {
	fd, peer := t.watched(token, poller.In|poller.Edge)
	t.Write(peer, 1)
	t.reports(token, readable)
	t.settles()
	t.ok(t.p.Modify(fd, other, poller.In|poller.Edge))
	t.reports(other, readable)
	t.settles()
	t.ok(t.p.Modify(fd, other, poller.In))
	t.reports(other, readable)
	t.reports(other, readable)
}

func remove(t *trial) {
	fd, peer := t.watched(token, poller.In)
	t.Write(peer, 1)
	t.reports(token, readable)
	t.ok(t.p.Remove(fd))
	t.silent()
	t.errno(t.p.Remove(fd), syscall.ENOENT)
	t.ok(t.p.Add(fd, other, poller.In))
	t.reports(other, readable)
}

func removeOneOfMany(t *trial) {
	var fds [5]int
	for i := range fds {
		fd, peer := t.watched(poller.Token(i), poller.In)
		t.Write(peer, 1)
		fds[i] = fd
	}
	left := len(fds)
	for _, i := range []int{1, 4, 0, 3, 2} {
		t.ok(t.p.Remove(fds[i]))
		left--
		got := t.poll()
		if _, still := got[poller.Token(i)]; still || len(got) != left {
			t.Fatalf("got %v after removing %d", got, i)
		}
	}
}

func forgetAndReuse(t *trial) {
	fd, peer := t.watched(token, poller.In)
	t.Write(peer, 1)
	t.reports(token, readable)
	t.p.Forget(fd)
	t.Close(fd)
	t.Close(peer)
	t.silent()

	again, peer := t.Pair()
	if again != fd {
		t.Fatalf("descriptor %d, want %d reused", again, fd)
	}
	t.ok(t.p.Add(again, other, poller.In))
	t.silent()
	t.Write(peer, 1)
	t.reports(other, readable)
	t.p.Forget(1 << 20)
	t.p.Forget(-1)
}
