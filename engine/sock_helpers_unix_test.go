//go:build unix

package engine_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// sockCalls are all Sock calls, with arguments that make them wait on a socket that
// nothing arrives on.
var sockCalls = map[string]func(ctx context.Context, l *engine.Loop, s *engine.Socket) error{
	"SockRecv": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		_, err := l.SockRecv(ctx, s, 8)
		return err
	},
	"SockRecvInto": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		_, err := l.SockRecvInto(ctx, s, make([]byte, 8))
		return err
	},
	"SockRecvfrom": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		_, _, err := l.SockRecvfrom(ctx, s, 8)
		return err
	},
	"SockRecvfromInto": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		_, _, err := l.SockRecvfromInto(ctx, s, make([]byte, 8), 0)
		return err
	},
	"SockSendall": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		_, err := l.SockSendall(ctx, s, make([]byte, 1<<20))
		return err
	},
	"SockSendto": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		_, err := l.SockSendto(ctx, s, []byte("x"), inetAddr("127.0.0.1:9"))
		return err
	},
	"SockConnect": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		return l.SockConnect(ctx, s, "127.0.0.1:9")
	},
	"SockAccept": func(ctx context.Context, l *engine.Loop, s *engine.Socket) error {
		_, _, err := l.SockAccept(ctx, s)
		return err
	},
}

// waitingTask makes a task of fn and runs the loop, which is not run elsewhere,
// until the task waits.
func waitingTask(t *testing.T, l *engine.Loop, fn func(ctx context.Context) error) *engine.Task[int] {
	t.Helper()
	task := newTask(l, fn)
	turn(t, l)
	if task.Done() {
		t.Fatalf("it does not wait: %v", task.Err())
	}
	return task
}

// finish runs the loop until the task is done, and returns its error.
func finish(t *testing.T, l *engine.Loop, task *engine.Task[int]) error {
	t.Helper()
	if !task.Done() {
		task.AddDoneCallback(func(*engine.Task[int]) { l.Stop() })
		run(t, l)
	}
	return task.Err()
}

// wantWatched complains unless the loop, which does not run, has so many
// descriptors.
func wantWatched(t *testing.T, l *engine.Loop, n int) {
	t.Helper()
	turn(t, l) // which publishes
	if got := l.Stats().Descriptors; got != n {
		t.Errorf("%d descriptors are watched, want %d", got, n)
	}
}

// datagrams makes two UDP sockets, and their addresses.
func datagrams(t *testing.T) (a, b *engine.Socket, atA, atB engine.Addr) {
	t.Helper()
	a, atA = boundDatagrams(t)
	b, atB = boundDatagrams(t)
	return a, b, atA, atB
}

func boundDatagrams(t *testing.T) (*engine.Socket, engine.Addr) {
	t.Helper()
	s := newSocket(t, engine.AFInet, engine.SockDgram)
	must(t, s.Bind(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	at, err := s.LocalAddr()
	must(t, err)
	return s, inetAddr(at.String())
}

// tcpPair makes two TCP sockets that are connected to each other.
func tcpPair(t *testing.T) (a, b *engine.Socket) {
	t.Helper()
	accepted, other := acceptedElsewhere(t)
	s, err := engine.SocketFrom(other.(*net.TCPConn))
	return closedLater(t, accepted, nil), closedLater(t, s, err)
}

// opOf is the operation in the errors of each call.
var opOf = map[string]string{
	"SockRecv": "recv", "SockRecvInto": "recv", "SockRecvfrom": "recvfrom", "SockRecvfromInto": "recvfrom",
	"SockSendall": "send", "SockSendto": "sendto", "SockConnect": "connect", "SockAccept": "accept",
}

// inetAddr is an IP address with a port, without a zone.
func inetAddr(text string) engine.Addr {
	a, _ := engine.AddrFrom(netip.MustParseAddrPort(text))
	return a
}

// unixAddr is the name of a unix socket.
func unixAddr(name string) engine.Addr {
	a, _ := engine.AddrOf(&net.UnixAddr{Name: name})
	return a
}

// openFile is what a descriptor stands for. Its number does not tell: as soon as it
// is free, another loop's may have it.
type openFile struct {
	fd   int
	stat unix.Stat_t
}

func fileOf(t *testing.T, s *engine.Socket) openFile {
	t.Helper()
	f := openFile{fd: s.Fd()}
	must(t, unix.Fstat(f.fd, &f.stat))
	return f
}

// wantClosed checks that the descriptor does not stand for f any more.
func wantClosed(t *testing.T, f openFile) {
	t.Helper()
	var now unix.Stat_t
	if err := unix.Fstat(f.fd, &now); err == nil && now.Dev == f.stat.Dev && now.Ino == f.stat.Ino {
		t.Error("the descriptor is open")
	}
}
