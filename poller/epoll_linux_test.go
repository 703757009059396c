package poller

import (
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBatchGrows: the arrays double when full and stop at the bound.
func TestBatchGrows(t *testing.T) {
	e := testEpoll(t)
	for want := firstBatch; want < lastBatch; want *= 2 {
		if len(e.raw) != want || cap(e.out) != want {
			t.Fatalf("arrays of %d and %d, want %d", len(e.raw), cap(e.out), want)
		}
		if got := len(e.take(want - 1)); got != want-1 || len(e.raw) != want {
			t.Fatalf("%d events, then arrays of %d, want no growth", got, len(e.raw))
		}
		if got := len(e.take(want)); got != want {
			t.Fatalf("%d events of %d", got, want)
		}
	}
	e.take(lastBatch)
	if len(e.raw) != lastBatch {
		t.Errorf("arrays of %d, beyond the bound", len(e.raw))
	}
}

// TestParkingEnds: a blocked wait takes the set back from the runtime.
func TestParkingEnds(t *testing.T) {
	e := testEpoll(t)
	for _, m := range []Mode{Block, Park, Park, Block, Park} {
		e.Wake()
		if _, err := e.Wait(NoDeadline, m); err != nil {
			t.Fatal(err)
		}
		if registered := e.park.file != nil; registered != (m == Park) {
			t.Errorf("mode %d: registered with the runtime: %v", m, registered)
		}
	}
}

// TestParkRefused: a descriptor that the runtime does not take, such as that of
// a file, stays open and is not offered again.
func TestParkRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p := newParking()
	if p.enter(&fd) || p.file != nil {
		t.Fatal("the runtime took a file")
	}
	offered := fd
	if p.enter(&fd) || fd != offered {
		t.Errorf("descriptor %d became %d: offered again", offered, fd)
	}
	if err := p.close(&fd); err != nil || fd != -1 {
		t.Errorf("closing %d: %v", fd, err)
	}
}

// TestParkRefusedWait: waits of a set that the runtime refused block.
func TestParkRefusedWait(t *testing.T) {
	e := testEpoll(t)
	e.park.refused = true
	e.Wake()
	if _, err := e.Wait(NoDeadline, Park); err != nil || e.park.file != nil {
		t.Errorf("%v, registered %v", err, e.park.file != nil)
	}
}

// BenchmarkTake is the part of a batch that is not the kernel's.
func BenchmarkTake(b *testing.B) {
	p, err := NewEpoll()
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	e := p.(*epoll)
	for i := range 64 {
		e.raw[i] = unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	}
	for b.Loop() {
		e.take(64)
	}
}

// TestUrgent: what comes out of band is told to who asks for edges.
func TestUrgent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	e := testEpoll(t)
	onFd(t, near, func(fd int) error { return e.Add(fd, MakeToken(1, 1), In|Edge) })
	onFd(t, far, func(fd int) error { return unix.Send(fd, []byte{1}, unix.MSG_OOB) })
	events, err := e.Wait(NoDeadline, Block)
	if err != nil || len(events) != 1 || events[0].Ready != Urgent {
		t.Errorf("%+v, %v", events, err)
	}
	onFd(t, far, func(fd int) error { return unix.Send(fd, []byte{2}, 0) })
	events, err = e.Wait(NoDeadline, Block)
	if err != nil || len(events) != 1 || events[0].Ready != Urgent|Readable {
		t.Errorf("with more behind it: %+v, %v", events, err)
	}
	onFd(t, near, e.Remove)
}

// onFd calls f with the descriptor of a connection.
func onFd(t *testing.T, c net.Conn, f func(fd int) error) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err == nil {
		failed := raw.Control(func(fd uintptr) { err = f(int(fd)) })
		if err == nil {
			err = failed
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
