//go:build unix

package engine_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// closedLater closes a socket at the end of the test.
func closedLater(t *testing.T, s *engine.Socket, err error) *engine.Socket {
	t.Helper()
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func newSocket(t *testing.T, family, typ int) *engine.Socket {
	t.Helper()
	s, err := engine.NewSocket(family, typ, 0)
	return closedLater(t, s, err)
}

// streams makes two sockets that are connected to each other.
func streams(t *testing.T) (a, b *engine.Socket) {
	t.Helper()
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	return closedLater(t, a, err), closedLater(t, b, err)
}

// listening is a socket that listens on a free port, and its address.
func listening(t *testing.T) (*engine.Socket, net.Addr) {
	t.Helper()
	s := newSocket(t, engine.AFInet, engine.SockStream)
	must(t, s.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	must(t, s.Listen(8))
	at, err := s.LocalAddr()
	must(t, err)
	return s, at
}

// wantOpError wants a failed operation with what it was about.
func wantOpError(t *testing.T, err error, op, network string, is error) *net.OpError {
	t.Helper()
	var failed *net.OpError
	if !errors.As(err, &failed) || failed.Op != op || failed.Net != network || !errors.Is(err, is) {
		t.Errorf("%v, want %s %s: %v", err, op, network, is)
		return &net.OpError{}
	}
	return failed
}

func TestNewSocket(t *testing.T) {
	s := newSocket(t, engine.AFInet, engine.SockStream)
	if s.Family() != engine.AFInet || s.Type() != engine.SockStream || s.Proto() != engine.IPProtoTCP || s.Fd() < 0 {
		t.Errorf("it is %d, %d, %d on %d", s.Family(), s.Type(), s.Proto(), s.Fd())
	}
	_, err := engine.NewSocket(engine.AFInet, 99, 0)
	var failed *net.OpError
	if !errors.As(err, &failed) || failed.Op != "socket" {
		t.Errorf("a socket of the type 99: %v", err)
	}
	_, _, err = engine.SocketPair(engine.AFInet, engine.SockStream, 0)
	if !errors.As(err, &failed) || failed.Op != "socketpair" || failed.Net != "tcp" {
		t.Errorf("a pair of TCP sockets: %v", err)
	}
}

func TestSocketServes(t *testing.T) {
	s, at := listening(t)
	c, err := net.Dial("tcp", at.String())
	must(t, err)
	defer c.Close()
	client, err := engine.SocketFrom(c.(*net.TCPConn))
	closedLater(t, client, err)
	local, err := client.LocalAddr()
	if err != nil || local.String() != c.LocalAddr().String() {
		t.Errorf("the name is %v, %v, want %v", local, err, c.LocalAddr())
	}
	peer, err := client.PeerAddr()
	if err != nil || peer.String() != at.String() || peer.Network() != "tcp" {
		t.Errorf("the peer is %v, %v, want %v", peer, err, at)
	}
	_, err = s.PeerAddr()
	if failed := wantOpError(t, err, "getpeername", "tcp", syscall.ENOTCONN); failed.Source.String() != at.String() {
		t.Errorf("the source is %v, want %v", failed.Source, at)
	}
}

func TestSocketFrom(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s, err := engine.SocketFrom(l.(*net.TCPListener))
	closedLater(t, s, err)
	original, err := engine.FDOf(l.(*net.TCPListener))
	must(t, err)
	if s.Fd() == original || s.Family() == 0 || s.Type() != engine.SockStream || s.Proto() == 0 {
		t.Errorf("%d became %d: %d, %d, %d", original, s.Fd(), s.Family(), s.Type(), s.Proto())
	}
	must(t, l.Close())
	if at, err := s.LocalAddr(); err != nil || at.String() != l.Addr().String() {
		t.Errorf("without the listener it has the address %v, %v", at, err)
	}
	_, err = engine.SocketFrom(l.(*net.TCPListener))
	wantErr(t, "a closed listener", err, net.ErrClosed)
}

func TestSocketFromNoSocket(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	_, err = engine.SocketFrom(f)
	wantOpError(t, err, "socket", "socket", syscall.ENOTSOCK)
	must(t, f.Close())
	_, err = engine.SocketFrom(f)
	wantErr(t, "a closed file", err, os.ErrClosed)
}

func TestSocketFromBlocking(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(t, err)
	f := os.NewFile(uintptr(fds[0]), "blocking") // so says the runtime, which leaves it so
	defer f.Close()
	defer syscall.Close(fds[1])
	s, err := engine.SocketFrom(f)
	closedLater(t, s, err)
	if _, err := syscall.Read(s.Fd(), make([]byte, 1)); err != syscall.EAGAIN {
		t.Errorf("a read returns %v, want EAGAIN", err)
	}
}

func TestSocketBind(t *testing.T) {
	s, at := listening(t)
	second := newSocket(t, engine.AFInet, engine.SockStream)
	err := second.Bind(at)
	if failed := wantOpError(t, err, "bind", "tcp", syscall.EADDRINUSE); failed.Addr != at {
		t.Errorf("it is about %v, want %v", failed.Addr, at)
	}
	wantArgError(t, "IPv6", second.Bind(&net.TCPAddr{IP: net.IPv6loopback}), "addr")
	wantArgError(t, "unix", second.Bind(&net.UnixAddr{Name: "x"}), "addr")
	must(t, second.Bind(&net.TCPAddr{})) // every interface, a free port
	if at, err := second.LocalAddr(); err != nil || !strings.HasPrefix(at.String(), "0.0.0.0:") {
		t.Errorf("the wildcard is %v, %v", at, err)
	}
	wantOpError(t, s.Bind(&net.TCPAddr{}), "bind", "tcp", syscall.EINVAL)
}

func TestSocketUnixAddress(t *testing.T) {
	s := newSocket(t, engine.AFUnix, engine.SockDgram)
	path := filepath.Join(t.TempDir(), "s")
	must(t, s.Bind(&net.UnixAddr{Name: path}))
	if at, err := s.LocalAddr(); err != nil || at.String() != path || at.Network() != "unixgram" {
		t.Errorf("it is bound to %v, %v", at, err)
	}
	long := &net.UnixAddr{Name: filepath.Join(t.TempDir(), strings.Repeat("x", 200))}
	wantArgError(t, "a long path", newSocket(t, engine.AFUnix, engine.SockStream).Bind(long), "addr")
}

func TestSocketOptions(t *testing.T) {
	s := newSocket(t, engine.AFInet, engine.SockStream)
	must(t, s.SetOption(syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	if n, err := s.Option(syscall.SOL_SOCKET, syscall.SO_REUSEADDR); err != nil || n == 0 {
		t.Errorf("SO_REUSEADDR is %d, %v", n, err)
	}
	wantOpError(t, s.SetOption(syscall.SOL_SOCKET, -1, 1), "setsockopt", "tcp", syscall.ENOPROTOOPT)
	_, err := s.Option(syscall.SOL_SOCKET, -1)
	wantOpError(t, err, "getsockopt", "tcp", syscall.ENOPROTOOPT)
}

func TestSocketShutdownAndDup(t *testing.T) {
	a, b := streams(t)
	d, err := a.Dup()
	closedLater(t, d, err)
	if d.Fd() == a.Fd() || d.Type() != a.Type() || d.Family() != a.Family() {
		t.Errorf("the dup is %d of %d", d.Fd(), a.Fd())
	}
	must(t, a.Close())
	_, err = syscall.Write(d.Fd(), []byte("x"))
	must(t, err)
	must(t, d.Shutdown(engine.ShutWR))
	buf := make([]byte, 8)
	for _, want := range []int{1, 0} {
		if n, err := syscall.Read(b.Fd(), buf); n != want || err != nil {
			t.Errorf("the peer reads %d, %v, want %d", n, err, want)
		}
	}
}

// TestSocketGone: closed or taken, it is of no use, and does no harm.
func TestSocketGone(t *testing.T) {
	for what, leave := range map[string]func(*engine.Socket){
		"closed": func(s *engine.Socket) { must(t, s.Close()) },
		"taken": func(s *engine.Socket) {
			fd, err := s.Take("serve")
			must(t, err)
			must(t, syscall.Close(fd))
		},
	} {
		s := newSocket(t, engine.AFInet, engine.SockStream)
		leave(s)
		wantGone(t, s)
		if s.Family() != engine.AFInet || s.Type() != engine.SockStream || s.Proto() != engine.IPProtoTCP {
			t.Errorf("%s: what it was is forgotten", what)
		}
		_, err := s.Take("serve")
		wantOpError(t, err, "serve", "tcp", net.ErrClosed)
		wantOpError(t, s.Bind(&net.TCPAddr{}), "bind", "tcp", net.ErrClosed)
		wantOpError(t, s.Listen(1), "listen", "tcp", net.ErrClosed)
		must(t, s.Close())
	}
}

// used is what Socket and TransportSocket have in common.
type used interface {
	Fd() engine.FD
	Option(level, name int) (int, error)
	SetOption(level, name, value int) error
	Shutdown(how int) error
	Dup() (*engine.Socket, error)
	LocalAddr() (net.Addr, error)
	PeerAddr() (net.Addr, error)
}

// wantGone wants nothing of s to work any more.
func wantGone(t *testing.T, s used) {
	t.Helper()
	if s.Fd() != -1 {
		t.Errorf("it still has the descriptor %d", s.Fd())
	}
	_, err := s.Option(syscall.SOL_SOCKET, syscall.SO_TYPE)
	wantErr(t, "Option", err, net.ErrClosed)
	wantErr(t, "SetOption", s.SetOption(syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1), net.ErrClosed)
	wantErr(t, "Shutdown", s.Shutdown(engine.ShutRDWR), net.ErrClosed)
	d, err := s.Dup()
	wantErr(t, "Dup", err, net.ErrClosed)
	if d != nil {
		t.Error("there is a dup")
	}
}

// TestSocketLeaveOnce: of many that close and take, one gets the descriptor.
func TestSocketLeaveOnce(t *testing.T) {
	s := newSocket(t, engine.AFInet, engine.SockStream)
	var wg sync.WaitGroup
	taken := make(chan int, 8)
	for range cap(taken) {
		wg.Go(func() {
			if fd, err := s.Take("take"); err == nil {
				taken <- fd
			}
			_, _ = s.Option(syscall.SOL_SOCKET, syscall.SO_TYPE)
		})
	}
	wg.Wait()
	if len(taken) != 1 {
		t.Fatalf("%d got it", len(taken))
	}
	must(t, syscall.Close(<-taken))
}

// TestProtocolInErrors: SCTP is not called TCP, whether the system has it or not.
func TestProtocolInErrors(t *testing.T) {
	s, err := engine.NewSocket(engine.AFInet, engine.SockStream, 132)
	op := "socket"
	if err == nil {
		must(t, s.Close())
		op, err = "listen", s.Listen(1)
	}
	wantPrefix(t, err, op+" sctp: ")
}

func wantPrefix(t *testing.T, err error, prefix string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("%v, want %s", err, prefix)
	}
}
