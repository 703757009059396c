//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
	"golang.org/x/sys/unix"
)

func TestSockConnect(t *testing.T) {
	prove(t, "SOCK-11", func(t *testing.T) {
		server, at := listening(t)
		port := at.(*net.TCPAddr).Port
		l := newLoop(t)
		var asked []string
		l.SetLookup(engine.LookupHints(func(host string, p engine.Service, h engine.AddrHints) ([]engine.AddrInfo, error) {
			asked = append(asked, host)
			wantSame(t, "the hints", h, engine.AddrHints{Family: engine.AFInet, Type: engine.SockStream, Proto: engine.IPProtoTCP})
			wantSame(t, "the service", p, engine.Numbered(uint16(port)))
			return []engine.AddrInfo{engine.InfoAt(netip.MustParseAddrPort(at.String()))}, nil
		}))
		runTask(t, l, func(ctx context.Context) {
			for _, host := range []string{"127.0.0.1", "host.test"} {
				s := newSocket(t, engine.AFInet, engine.SockStream)
				must(t, l.SockConnect(ctx, s, net.JoinHostPort(host, fmt.Sprint(port))))
				if peer, err := s.PeerAddr(); err != nil || peer.String() != at.String() {
					t.Errorf("%s: connected to %v, %v, want %v", host, peer, err, at)
				}
				conn, _, err := l.SockAccept(ctx, server)
				closedLater(t, conn, err)
			}
			wantSame(t, "hosts that were looked up", asked, []string{"host.test"})
			connectsToPath(t, ctx, l)
			wantSame(t, "hosts that were looked up", len(asked), 1)
		})
	})
	prove(t, "SOCK-12", func(t *testing.T) {
		gone, at := listening(t)
		must(t, gone.Close())
		s := newSocket(t, engine.AFInet, engine.SockStream)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			err := l.SockConnect(ctx, s, at.String())
			failed := wantOpError(t, err, "connect", "tcp", syscall.ECONNREFUSED)
			if failed.Addr == nil || failed.Addr.String() != at.String() {
				t.Errorf("%v is about %v, want %v", err, failed.Addr, at)
			}
		})
		wantWatched(t, l, 0)
	})
}

// connectsToPath connects to a unix server.
func connectsToPath(t *testing.T, ctx context.Context, l *engine.Loop) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	server, s := newSocket(t, engine.AFUnix, engine.SockStream), newSocket(t, engine.AFUnix, engine.SockStream)
	must(t, server.Bind(&net.UnixAddr{Name: path}))
	must(t, server.Listen(1))
	must(t, l.SockConnect(ctx, s, path))
	wantOpError(t, l.SockConnect(ctx, newSocket(t, engine.AFUnix, engine.SockStream), path+"x"), "connect", "unix", syscall.ENOENT)
}

// TestSockConnectWrong: addresses that a socket cannot be connected to.
func TestSockConnectWrong(t *testing.T) {
	l := newLoop(t)
	l.SetLookup(engine.LookupFunc(func(string) ([]engine.AddrInfo, error) { return nil, errFails }))
	runTask(t, l, func(ctx context.Context) {
		s := newSocket(t, engine.AFInet, engine.SockStream)
		for _, address := range []string{"", "127.0.0.1", "127.0.0.1:65536", "::1:80"} {
			wantArgError(t, address, l.SockConnect(ctx, s, address), "address")
		}
		wantErr(t, "a host that is not found", l.SockConnect(ctx, s, "host.test:80"), errFails)
		unixSocket := newSocket(t, engine.AFUnix, engine.SockStream)
		wantArgError(t, "a long path", l.SockConnect(ctx, unixSocket, string(make([]byte, 200))), "address")
	})
	wantErr(t, "no loop", l.SockConnect(context.Background(), newSocket(t, engine.AFInet, engine.SockStream), "host.test:80"), engine.ErrLoopNotRunning)
}

// fullServer is a unix server whose queue is full.
func fullServer(t *testing.T) (server *engine.Socket, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	server = newSocket(t, engine.AFUnix, engine.SockStream)
	must(t, server.Bind(&net.UnixAddr{Name: path}))
	must(t, server.Listen(0))
	for {
		s := newSocket(t, engine.AFUnix, engine.SockStream)
		if err := syscall.Connect(s.Fd(), &syscall.SockaddrUnix{Name: path}); errors.Is(err, syscall.EAGAIN) {
			return server, path
		} else if err != nil {
			t.Skip("a full queue is no EAGAIN here: ", err)
		}
	}
}

// TestSockConnectFull: a unix server with a full queue is tried again until it has
// room, or the socket is closed, or the caller gives up.
func TestSockConnectFull(t *testing.T) {
	server, path := fullServer(t)
	l := newLoop(t)
	connecting := func(s *engine.Socket) *engine.Task[int] {
		return waitingTask(t, l, func(ctx context.Context) error { return l.SockConnect(ctx, s, path) })
	}
	given, closed, patient := newSocket(t, engine.AFUnix, engine.SockStream), newSocket(t, engine.AFUnix, engine.SockStream), newSocket(t, engine.AFUnix, engine.SockStream)
	a, b, c := connecting(given), connecting(closed), connecting(patient)
	a.Cancel(errReason)
	must(t, closed.Close())
	wantCancellation(t, finish(t, l, a), errReason)
	wantOpError(t, finish(t, l, b), "connect", "unix", net.ErrClosed)
	for range 3 {
		sleepIn(t, l, time.Millisecond) // it has been tried again
	}
	wantPending(t, c)
	fd, _, err := unix.Accept(server.Fd())
	must(t, err)
	defer unix.Close(fd)
	must(t, finish(t, l, c))
}

// TestSockConnectFullClosed: the pause before the next try ends with the socket. The
// clock stands still, so that nothing else can end it.
func TestSockConnectFullClosed(t *testing.T) {
	_, path := fullServer(t)
	p, err := poller.New()
	must(t, err)
	l := newLoop(t, engine.Config{Poller: &stoppedPoller{p, p.Now()}})
	s := newSocket(t, engine.AFUnix, engine.SockStream)
	task := waitingTask(t, l, func(ctx context.Context) error { return l.SockConnect(ctx, s, path) })
	must(t, s.Close())
	turn(t, l)
	turn(t, l)
	wantOpError(t, task.Err(), "connect", "unix", net.ErrClosed)
}

// stoppedPoller is the system's poller with a clock that stands still.
type stoppedPoller struct {
	poller.Poller
	now int64
}

func (p *stoppedPoller) Now() int64 { return p.now }

// sleepIn runs the loop for a while.
func sleepIn(t *testing.T, l *engine.Loop, d time.Duration) {
	t.Helper()
	runTask(t, l, func(ctx context.Context) { sleepFor(t, ctx, d) })
}

func TestSockAccept(t *testing.T) {
	prove(t, "SOCK-14", func(t *testing.T) {
		server, at := listening(t)
		l := newLoop(t)
		accepting := waitingTask(t, l, func(ctx context.Context) error {
			s, peer, err := l.SockAccept(ctx, server)
			closedLater(t, s, err)
			wantAccepted(t, s, peer)
			return nil
		})
		c, err := net.Dial("tcp", at.String())
		must(t, err)
		defer c.Close()
		must(t, finish(t, l, accepting))
		wantWatched(t, l, 0)
	})
	prove(t, "SOCK-15", func(t *testing.T) {
		server, at := listening(t)
		c, err := net.Dial("tcp", at.String())
		must(t, err)
		defer c.Close()
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			s, _, err := l.SockAccept(ctx, server)
			closedLater(t, s, err)
			if n, err := s.Option(syscall.IPPROTO_TCP, syscall.TCP_NODELAY); n != 0 || err != nil {
				t.Errorf("TCP_NODELAY is %d, %v", n, err)
			}
		})
	})
}

// wantAccepted complains unless s is as an accepted socket has to be.
func wantAccepted(t *testing.T, s *engine.Socket, peer engine.Addr) {
	t.Helper()
	if at, err := s.PeerAddr(); err != nil || at.String() != peer.String() {
		t.Errorf("the peer is %v, want %v, %v", peer, at, err)
	}
	if s.Family() != engine.AFInet || s.Type() != engine.SockStream || s.Proto() != engine.IPProtoTCP {
		t.Errorf("it is %d, %d, %d", s.Family(), s.Type(), s.Proto())
	}
	status, err := unix.FcntlInt(uintptr(s.Fd()), unix.F_GETFL, 0)
	if err != nil || status&unix.O_NONBLOCK == 0 {
		t.Errorf("it blocks: %v", err)
	}
	flags, err := unix.FcntlInt(uintptr(s.Fd()), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("it is inherited: %v", err)
	}
}

// TestSockAcceptAborted: connections that were aborted are passed over, and no other
// error is.
func TestSockAcceptAborted(t *testing.T) {
	answers := []error{syscall.ECONNABORTED, syscall.ECONNABORTED, nil, syscall.EMFILE}
	accept := func(fd int) (int, engine.Addr, error) {
		err := answers[0]
		answers = answers[1:]
		return fd + 1, engine.Addr{}, err
	}
	if conn, _, err := engine.AcceptNext(6, accept); conn != 7 || err != nil || len(answers) != 1 {
		t.Errorf("got %d, %v, and %v is left", conn, err, answers)
	}
	if _, _, err := engine.AcceptNext(6, accept); err != syscall.EMFILE {
		t.Errorf("got %v, want EMFILE", err)
	}
}

// TestSockAcceptNoListener: a socket that does not listen accepts nothing.
func TestSockAcceptNoListener(t *testing.T) {
	l := newLoop(t)
	runTask(t, l, func(ctx context.Context) {
		s, peer, err := l.SockAccept(ctx, newSocket(t, engine.AFInet, engine.SockStream))
		wantOpError(t, err, "accept", "tcp", syscall.EINVAL)
		if s != nil || peer.IsValid() {
			t.Errorf("it has accepted %v from %v", s, peer)
		}
	})
}
