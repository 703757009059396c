//go:build unix

package sock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/shardloop/shardloop/internal/conform"
	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// closing closes a descriptor at the end of the test.
func closing(t *testing.T, fd int, err error) int {
	t.Helper()
	must(t, err)
	t.Cleanup(func() {
		if err := Close(fd); err != nil {
			t.Error(err)
		}
	})
	return fd
}

func opened(t *testing.T, family, typ int) int {
	t.Helper()
	fd, err := Open(Kind{family, typ, 0})
	return closing(t, fd, err)
}

// listener listens on the address, and tells which it is.
func listener(t *testing.T, family int, a Addr) (int, Addr) {
	t.Helper()
	fd := opened(t, family, Stream)
	must(t, Bind(fd, family, a))
	must(t, Listen(fd, 8))
	a, err := Name(fd)
	must(t, err)
	return fd, a
}

// ready waits until a descriptor has one of the events.
func ready(t *testing.T, fd int, events int16) {
	t.Helper()
	set := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		if n, err := unix.Poll(set, -1); n == 1 {
			return
		} else if err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

// connected connects a new socket to a.
func connected(t *testing.T, family int, a Addr) int {
	t.Helper()
	fd := opened(t, family, Stream)
	pending, err := Connect(fd, family, a)
	must(t, err)
	for pending {
		ready(t, fd, unix.POLLOUT)
		pending, err = ConnectResult(fd)
		must(t, err)
	}
	return fd
}

func accepted(t *testing.T, fd int) (conn int, from Addr) {
	t.Helper()
	ready(t, fd, unix.POLLIN)
	conn, from, err := Accept(fd)
	return closing(t, conn, err), from
}

// wantFlags wants a descriptor that does not block and that is closed on exec.
func wantFlags(t *testing.T, what string, fd int) {
	t.Helper()
	status, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	must(t, err)
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	must(t, err)
	if status&unix.O_NONBLOCK == 0 || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("%s: status %#x, flags %#x", what, status, flags)
	}
}

// wantCall wants a failed call with its name and the number.
func wantCall(t *testing.T, err error, call string, errno unix.Errno) {
	t.Helper()
	var failed *os.SyscallError
	if !errors.As(err, &failed) || failed.Syscall != call || failed.Err != errno {
		t.Errorf("%v, want %s: %v", err, call, errno)
	}
}

func TestConnectAndAccept(t *testing.T) {
	for what, c := range map[string]struct {
		family int
		at     Addr
	}{
		"tcp":  {Inet, ipAddr(t, "127.0.0.1:0")},
		"unix": {Unix, UnixAddr(filepath.Join(t.TempDir(), "s"))},
	} {
		fd, at := listener(t, c.family, c.at)
		wantFlags(t, what+" listener", fd)
		if _, _, err := Accept(fd); err != unix.EAGAIN {
			t.Errorf("%s: Accept of nothing: %v", what, err)
		}
		client := connected(t, c.family, at)
		conn, from := accepted(t, fd)
		wantFlags(t, what+" connection", conn)
		for name, c := range map[string]struct {
			ask  func(int) (Addr, error)
			fd   int
			want Addr
		}{"client's name": {Name, client, from}, "client's peer": {Peer, client, at}, "own name": {Name, conn, at}, "own peer": {Peer, conn, from}} {
			if got, err := c.ask(c.fd); err != nil || got != c.want {
				t.Errorf("%s: %s is %q, %v, want %q", what, name, got, err, c.want)
			}
		}
		if c.family == Unix && from != UnixAddr("") {
			t.Errorf("an unbound client has the name %q", from)
		}
	}
}

func TestAcceptAllocatesNothing(t *testing.T) {
	fd, _ := listener(t, Inet, ipAddr(t, "127.0.0.1:0"))
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := Accept(fd); err != unix.EAGAIN {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConnectFails(t *testing.T) {
	gone := opened(t, Inet, Stream)
	must(t, Bind(gone, Inet, ipAddr(t, "127.0.0.1:0"))) // a port that nobody listens on
	at, err := Name(gone)
	must(t, err)
	client := opened(t, Inet, Stream)
	pending, err := Connect(client, Inet, at)
	for pending {
		ready(t, client, unix.POLLOUT)
		pending, err = ConnectResult(client)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("%v, want ECONNREFUSED", err)
	}
	_, err = Connect(client, Inet, UnixAddr("x"))
	wantBad(t, "family", err, "family")
	_, err = Connect(opened(t, Unix, Stream), Unix, UnixAddr(filepath.Join(t.TempDir(), "none")))
	wantCall(t, err, "connect", unix.ENOENT)
}

func TestConnectInterrupted(t *testing.T) {
	t.Run("SOCK-13", func(t *testing.T) {
		conform.Proves(t, "SOCK-13")
		if pending, err := connecting(unix.EINTR); !pending || err != nil {
			t.Errorf("an interrupted connect: %t, %v, want pending", pending, err)
		}
	})
}

func TestConnectResultBeforeTheEnd(t *testing.T) {
	if pending, err := ConnectResult(opened(t, Inet, Stream)); !pending || err != nil {
		t.Errorf("a socket that never connected: %t, %v, want pending", pending, err)
	}
	_, at := listener(t, Unix, UnixAddr(filepath.Join(t.TempDir(), "s")))
	_, err := Connect(connected(t, Unix, at), Unix, at)
	wantCall(t, err, "connect", unix.EISCONN)
}

// TestAddressesFit: what the family has other words for is put into them.
func TestAddressesFit(t *testing.T) {
	fd := opened(t, Inet, Stream)
	must(t, Bind(fd, Inet, AnyAddr(0)))
	if at, err := Name(fd); err != nil || at.AddrPort().Addr().String() != "0.0.0.0" {
		t.Errorf("the wildcard is %s, %v", at, err)
	}
	_, at := listener(t, Inet, ipAddr(t, "127.0.0.1:0"))
	six, err := Open(Kind{Inet6, Stream, 0})
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return // the rest has been said
	}
	closing(t, six, err)
	if Set(six, V6Only, false) != nil {
		return // OpenBSD never mixes the families
	}
	pending, err := Connect(six, Inet6, at)
	for pending {
		ready(t, six, unix.POLLOUT)
		pending, err = ConnectResult(six)
	}
	must(t, err)
	if peer, err := Peer(six); err != nil || peer.String() != "[::ffff:127.0.0.1]:"+fmt.Sprint(at.Port()) {
		t.Errorf("the peer is %s, %v, want %s", peer, err, at)
	}
}

func TestBindFails(t *testing.T) {
	_, at := listener(t, Inet, ipAddr(t, "127.0.0.1:0"))
	fd := opened(t, Inet, Stream)
	wantCall(t, Bind(fd, Inet, at), "bind", unix.EADDRINUSE)
	wantBad(t, "family", Bind(fd, Inet, ipAddr(t, "[::1]:1")), "IPv6")
}

func TestKindOf(t *testing.T) {
	for _, c := range []struct{ opened, want Kind }{
		{Kind{Inet, Stream, 0}, Kind{Inet, Stream, TCP}},
		{Kind{Inet, Dgram, 0}, Kind{Inet, Dgram, UDP}},
		{Kind{Unix, Stream, 0}, Kind{Unix, Stream, 0}},
		{Kind{Unix, Dgram, 0}, Kind{Unix, Dgram, 0}},
	} {
		fd, err := Open(c.opened)
		closing(t, fd, err)
		wantFlags(t, c.opened.Network(), fd)
		if got, err := KindOf(fd); err != nil || got != c.want {
			t.Errorf("%v is %v, %v", c.opened, got, err)
		}
	}
	_, err := KindOf(-1)
	wantCall(t, err, "getsockopt", unix.EBADF)
	if fd, err := Open(Kind{Inet, 99, 0}); fd != -1 || err == nil {
		t.Errorf("a socket of type 99: %d, %v", fd, err)
	}
	if fds, err := Pair(Kind{Inet, Stream, 0}); fds != [2]int{-1, -1} || err == nil {
		t.Errorf("a pair of internet sockets: %v, %v", fds, err)
	}
}

func TestSwitches(t *testing.T) {
	fd := opened(t, Inet, Stream)
	for s, c := range map[Switch]struct{ level, name int }{
		ReuseAddress: {unix.SOL_SOCKET, unix.SO_REUSEADDR}, ReusePort: {unix.SOL_SOCKET, soReusePort},
		KeepAlive: {unix.SOL_SOCKET, unix.SO_KEEPALIVE}, NoDelay: {unix.IPPROTO_TCP, unix.TCP_NODELAY},
	} {
		for _, want := range []bool{true, false} {
			must(t, Set(fd, s, want))
			got, err := On(fd, s)
			if n, _ := Option(fd, c.level, c.name); err != nil || got != want || (n != 0) != want {
				t.Errorf("switch %d is %t, %d, %v, want %t", s, got, n, err, want)
			}
		}
	}
	wantCall(t, Set(-1, NoDelay, true), "setsockopt", unix.EBADF)
	six, err := Open(Kind{Inet6, Stream, 0})
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return // the rest has been said
	}
	closing(t, six, err)
	must(t, Set(six, V6Only, true))
	if n, err := Option(six, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY); err != nil || n != 1 {
		t.Errorf("IPV6_V6ONLY is %d, %v", n, err)
	}
}

func TestOptions(t *testing.T) {
	fd := opened(t, Inet, Stream)
	must(t, SetOption(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1))
	if n, err := Option(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE); err != nil || n == 0 {
		t.Errorf("SO_KEEPALIVE is %d, %v", n, err)
	}
	wantCall(t, SetOption(-1, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1), "setsockopt", unix.EBADF)
	_, err := Option(-1, unix.SOL_SOCKET, unix.SO_KEEPALIVE)
	wantCall(t, err, "getsockopt", unix.EBADF)
}

func pairOf(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := Pair(Kind{Unix, Stream, 0})
	return closing(t, fds[0], err), closing(t, fds[1], err)
}

func TestPairAndUnread(t *testing.T) {
	a, b := pairOf(t)
	wantFlags(t, "one", a)
	wantFlags(t, "the other", b)
	_, err := unix.Write(a, []byte("hello"))
	must(t, err)
	if n, err := Unread(b); err != nil || n != 5 {
		t.Errorf("%d bytes unread, %v", n, err)
	}
	_, err = Unread(-1)
	wantCall(t, err, "ioctl", unix.EBADF)
}

func TestShutdown(t *testing.T) {
	a, b := pairOf(t)
	must(t, Shutdown(a, ShutWrite))
	var buf [1]byte
	if n, err := unix.Read(b, buf[:]); n != 0 || err != nil {
		t.Errorf("the peer reads %d, %v, want the end", n, err)
	}
	_, err := unix.Write(b, []byte("x"))
	must(t, err) // that direction is still open
	wantCall(t, Shutdown(-1, ShutBoth), "shutdown", unix.EBADF)
}

func TestDup(t *testing.T) {
	a, _ := pairOf(t)
	fd, err := Dup(a)
	closing(t, fd, err)
	wantFlags(t, "dup", fd)
	none, err := Dup(-1)
	wantCall(t, err, "fcntl", unix.EBADF)
	if none != -1 {
		t.Errorf("the dup of nothing is %d", none)
	}
	wantCall(t, Close(-1), "close", unix.EBADF)
}

func TestSetNonblock(t *testing.T) {
	a, _ := pairOf(t)
	must(t, unix.SetNonblock(a, false))
	must(t, SetNonblock(a))
	wantFlags(t, "again", a)
	wantCall(t, SetNonblock(-1), "fcntl", unix.EBADF)
}
