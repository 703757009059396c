//go:build unix

package engine_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// outpost is a listener of package net whose connections a test looks at. Make it
// before the loop, so that it ends after it.
type outpost struct {
	net.Listener
	conns chan net.Conn
}

// outpostAt listens until the test is over, and closes all connections then.
func outpostAt(t *testing.T, network, address string) *outpost {
	t.Helper()
	l, err := net.Listen(network, address)
	must(t, err)
	f := &outpost{l, make(chan net.Conn, 64)}
	var all []net.Conn
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all = append(all, c)
			f.conns <- c
		}
	})
	t.Cleanup(func() {
		l.Close()
		accepting.Wait()
		for _, c := range all {
			c.Close()
		}
	})
	return f
}

func newOutpost(t *testing.T) *outpost {
	t.Helper()
	return outpostAt(t, "tcp", "127.0.0.1:0")
}

// port is where it listens.
func (f *outpost) port() int { return f.Addr().(*net.TCPAddr).Port }

// options are those to connect to it.
func (f *outpost) options() engine.ConnectOptions {
	return engine.ConnectOptions{Host: "127.0.0.1", Port: f.port()}
}

// send writes from the far end of a connection.
func (f *outpost) send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Errorf("write: %v", err)
	}
}

// rest reads until the other side ends.
func rest(t *testing.T, c net.Conn) string {
	t.Helper()
	var text []byte
	for buf := make([]byte, 512); ; {
		n, err := c.Read(buf)
		text = append(text, buf[:n]...)
		if err != nil {
			return string(text)
		}
	}
}

// near is the protocol of a connection that a test makes. It keeps what it is
// told. onMade may be nil.
type near struct {
	journal
	transport engine.Transport
	onMade    func(engine.Transport)
	text      string
	got       *engine.Future[string] // some bytes
	ended     *engine.Future[error]  // what ConnectionLost was told
}

func newNear(l *engine.Loop) *near {
	return &near{got: engine.NewFuture[string](l), ended: engine.NewFuture[error](l)}
}

func (n *near) ConnectionMade(t engine.Transport) {
	n.transport = t
	n.add("made")
	if n.onMade != nil {
		n.onMade(t)
	}
}

func (n *near) DataReceived(p []byte) {
	n.add("data")
	n.text += string(p)
	if !n.got.Done() {
		n.got.SetResult(n.text)
	}
}

func (n *near) EOFReceived() bool {
	n.add("eof")
	return false
}

func (n *near) ConnectionLost(err error) {
	n.add("lost")
	n.ended.SetResult(err)
}

// connect makes a connection in a task, which has to succeed.
func connect(t *testing.T, ctx context.Context, l *engine.Loop, o engine.ConnectOptions) (engine.Transport, *near) {
	t.Helper()
	tr, p, err := engine.Connect(ctx, l, func() *near { return newNear(l) }, o)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return tr, p
}

// closes ends a connection in a task and waits for it.
func (n *near) closes(t *testing.T, ctx context.Context) {
	t.Helper()
	n.transport.Close()
	n.wantLost(t, ctx)
}

// wantLost waits for an orderly end.
func (n *near) wantLost(t *testing.T, ctx context.Context) {
	t.Helper()
	if lost, err := engine.Await(ctx, n.ended); lost != nil || err != nil {
		t.Errorf("lost with %v, %v, want nil", lost, err)
	}
}

// wantNoConnection wants connecting to fail without a call of the factory.
func wantNoConnection(t *testing.T, ctx context.Context, l *engine.Loop, o engine.ConnectOptions) error {
	t.Helper()
	calls := 0
	tr, p, err := l.CreateConnection(ctx, func() engine.Protocol { calls++; return newNear(l) }, o)
	if tr != nil || p != nil || err == nil || calls != 0 {
		t.Errorf("%+v: %v, %v, %v and %d calls of the factory, want an error alone", o, tr, p, err, calls)
	}
	return err
}

// refusing is a port of 127.0.0.1 that nobody else can have, and where nobody
// listens.
func refusing(t *testing.T) netip.AddrPort {
	t.Helper()
	s := newSocket(t, engine.AFInet, engine.SockStream)
	must(t, s.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	return nameOf(t, s)
}

func nameOf(t *testing.T, s *engine.Socket) netip.AddrPort {
	t.Helper()
	at, err := s.LocalAddr()
	must(t, err)
	return at.(*net.TCPAddr).AddrPort()
}

// knows makes every lookup of the loop find these addresses.
func knows(l *engine.Loop, list ...netip.AddrPort) {
	l.SetLookup(engine.LookupFunc(func(string) (infos []engine.AddrInfo, err error) {
		for _, at := range list {
			infos = append(infos, engine.InfoAt(at))
		}
		return infos, nil
	}))
}

// byName are options that need a lookup.
func byName() engine.ConnectOptions { return engine.ConnectOptions{Host: "host.test", Port: 1} }

// at is where the far end listens.
func (f *outpost) at() netip.AddrPort { return f.Addr().(*net.TCPAddr).AddrPort() }

// isOpen tells whether the other end of a pair is there.
func isOpen(s *engine.Socket) bool {
	n, err := syscall.Read(s.Fd(), make([]byte, 1))
	return n < 0 && err == syscall.EAGAIN
}

func closeFD(fd int) { _ = syscall.Close(fd) }
