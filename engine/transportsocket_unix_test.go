//go:build unix

package engine_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

var _ used = (*engine.TransportSocket)(nil)

// connectedView is the view of a connection, with its socket and its peer's
// address.
func connectedView(t *testing.T) (view *engine.TransportSocket, detach func(), s *engine.Socket, c net.Conn) {
	t.Helper()
	_, at := listening(t)
	c, err := net.Dial("tcp", at.String())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	s, err = engine.SocketFrom(c.(*net.TCPConn))
	closedLater(t, s, err)
	view, detach = s.View()
	return view, detach, s, c
}

func wantAddresses(t *testing.T, view used, c net.Conn) {
	t.Helper()
	if at, err := view.LocalAddr(); err != nil || at.String() != c.LocalAddr().String() {
		t.Errorf("the name is %v, %v, want %v", at, err, c.LocalAddr())
	}
	if at, err := view.PeerAddr(); err != nil || at.String() != c.RemoteAddr().String() {
		t.Errorf("the peer is %v, %v, want %v", at, err, c.RemoteAddr())
	}
}

func TestTransportSocket(t *testing.T) {
	view, _, s, c := connectedView(t)
	if view.Fd() != s.Fd() || view.Family() != s.Family() || view.Type() != s.Type() || view.Proto() != s.Proto() {
		t.Errorf("it is %d: %d, %d, %d", view.Fd(), view.Family(), view.Type(), view.Proto())
	}
	wantAddresses(t, view, c)
	must(t, view.SetOption(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1))
	if n, err := s.Option(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); err != nil || n == 0 {
		t.Errorf("the socket has SO_KEEPALIVE %d, %v", n, err)
	}
	d, err := view.Dup()
	closedLater(t, d, err)
	wantAddresses(t, d, c)
	must(t, view.Shutdown(engine.ShutWR))
	_, err = syscall.Write(s.Fd(), []byte("x"))
	wantErr(t, "write", err, syscall.EPIPE)
}

func TestTransportSocketNeverBlocks(t *testing.T) {
	view := new(engine.TransportSocket)
	must(t, view.SetTimeout(0))
	must(t, view.SetBlocking(false))
	for _, d := range []time.Duration{1, -1} {
		wantArgError(t, "SetTimeout", view.SetTimeout(d), "d")
	}
	wantArgError(t, "SetBlocking", view.SetBlocking(true), "blocking")
}

// TestTransportSocketOutlives puts another socket behind the number of one whose
// transport is lost.
func TestTransportSocketOutlives(t *testing.T) {
	view, detach, s, c := connectedView(t)
	fd := s.Fd()
	detach()
	must(t, s.Close())
	other := newSocket(t, engine.AFInet, engine.SockStream)
	if other.Fd() != fd {
		t.Logf("the number %d was not given again, but %d", fd, other.Fd())
	}
	wantGone(t, view)
	wantAddresses(t, view, c)
	if n, err := other.Option(syscall.SOL_SOCKET, syscall.SO_REUSEADDR); err != nil || n != 0 {
		t.Errorf("the other socket has SO_REUSEADDR %d, %v", n, err)
	}
	if view.Type() != engine.SockStream || view.Family() == 0 || view.Proto() != engine.IPProtoTCP {
		t.Error("what it was is forgotten")
	}
	detach()
}

// TestTransportSocketWithoutAddress: what the owner does not know is asked for
// while there is someone to ask.
func TestTransportSocketWithoutAddress(t *testing.T) {
	s, at := listening(t)
	view := s.BareView()
	if got, err := view.LocalAddr(); err != nil || got.String() != at.String() {
		t.Errorf("the name is %v, %v, want %v", got, err, at)
	}
	_, err := view.PeerAddr()
	wantOpError(t, err, "getpeername", "tcp", syscall.ENOTCONN)
}
