//go:build unix

package engine_test

import (
	"context"
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// gramTap is a datagram protocol that writes down what it is told in a journal, and
// does what its functions say, of which none is needed.
type gramTap struct {
	journal
	tr   engine.DatagramTransport
	got  []string
	from []engine.Addr
	errs []error
	err  error // of ConnectionLost
	over bool

	onMade           func()
	onData           func(p []byte, from engine.Addr)
	onError          func(err error)
	onLost           func()
	onPause, onReady func()
}

func (g *gramTap) ConnectionMade(tr engine.DatagramTransport) {
	g.tr = tr
	g.add("made")
	callIf(g.onMade)
}

func (g *gramTap) DatagramReceived(p []byte, from engine.Addr) {
	g.got, g.from = append(g.got, string(p)), append(g.from, from)
	g.add("data")
	if g.onData != nil {
		g.onData(p, from)
	}
}

func (g *gramTap) ErrorReceived(err error) {
	g.errs = append(g.errs, err)
	g.add("error")
	if g.onError != nil {
		g.onError(err)
	}
}

func (g *gramTap) ConnectionLost(err error) {
	g.err, g.over = err, true
	g.add("lost")
	callIf(g.onLost)
}

func (g *gramTap) PauseWriting() {
	g.add("pause")
	callIf(g.onPause)
}

func (g *gramTap) ResumeWriting() {
	g.add("resume")
	callIf(g.onReady)
}

// received takes what has come.
func (g *gramTap) received() []string {
	list := g.got
	g.got, g.from = nil, nil
	return list
}

// makeEndpoint makes an endpoint, by turns of the loop.
func makeEndpoint(t testing.TB, l *engine.Loop, p engine.DatagramProtocol, o engine.DatagramOptions) (engine.DatagramTransport, error) {
	t.Helper()
	task := engine.CreateTask(l, func(ctx context.Context) (engine.DatagramTransport, error) {
		tr, _, err := l.CreateDatagramEndpoint(ctx, func() engine.DatagramProtocol { return p }, o)
		return tr, err
	}, engine.TaskOptions{})
	untilSo(t, l, task.Done)
	return task.Result()
}

// endpointOn is makeEndpoint that has to succeed, with a new gramTap.
func endpointOn(t testing.TB, l *engine.Loop, o engine.DatagramOptions) (*gramTap, engine.DatagramTransport) {
	t.Helper()
	g := &gramTap{}
	tr, err := makeEndpoint(t, l, g, o)
	must(t, err)
	g.want(t, "made")
	return g, tr
}

// anyPort are the options of an endpoint that anybody may send to.
func anyPort() engine.DatagramOptions { return engine.DatagramOptions{LocalHost: "127.0.0.1"} }

// gramEnd is a bare datagram socket that does not block.
type gramEnd struct {
	t  testing.TB
	s  *engine.Socket
	in []string
}

// gramFar is an UDP socket of the loopback.
func gramFar(t testing.TB) *gramEnd {
	t.Helper()
	s, err := engine.NewSocket(engine.AFInet, engine.SockDgram, 0)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.Bind(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	return &gramEnd{t: t, s: s}
}

// port is where it is bound.
func (f *gramEnd) port() int {
	at, err := f.s.LocalAddr()
	must(f.t, err)
	return at.(*net.UDPAddr).Port
}

func (f *gramEnd) addr() engine.Addr {
	at, err := f.s.LocalAddr()
	must(f.t, err)
	return addrOf(f.t, at)
}

func addrOf(t testing.TB, at net.Addr) engine.Addr {
	t.Helper()
	a, err := engine.AddrOf(at)
	must(t, err)
	return a
}

// nameOfGrams is where an endpoint receives.
func nameOfGrams(tr engine.DatagramTransport) net.Addr { return tr.ExtraInfo("sockname").(net.Addr) }

// sendTo sends to an endpoint, each text in a datagram.
func (f *gramEnd) sendTo(tr engine.DatagramTransport, texts ...string) {
	f.t.Helper()
	for _, text := range texts {
		must(f.t, syscall.Sendto(f.s.Fd(), []byte(text), 0, sockaddrOf(nameOfGrams(tr))))
	}
}

func sockaddrOf(at net.Addr) syscall.Sockaddr {
	switch at := at.(type) {
	case *net.UDPAddr:
		to := &syscall.SockaddrInet4{Port: at.Port}
		copy(to.Addr[:], at.IP.To4())
		return to
	case *net.UnixAddr:
		return &syscall.SockaddrUnix{Name: at.Name}
	}
	return nil
}

// read takes what there is.
func (f *gramEnd) read() {
	f.t.Helper()
	for f.readOne() {
	}
}

func (f *gramEnd) readOne() bool {
	f.t.Helper()
	for {
		n, _, err := syscall.Recvfrom(f.s.Fd(), farScratch, 0)
		switch err {
		case nil:
			f.in = append(f.in, string(farScratch[:n]))
			return true
		case syscall.EAGAIN:
			return false
		case syscall.EINTR:
		default:
			must(f.t, err)
		}
	}
}

// write sends to the one whom the socket is connected to.
func (f *gramEnd) write(text string) error { return wrote(syscall.Write(f.s.Fd(), []byte(text))) }

// wants reads, while the loop turns, until so many datagrams are there, and wants
// them to be these.
func (f *gramEnd) wants(l *engine.Loop, texts ...string) {
	f.t.Helper()
	untilSo(f.t, l, func() bool { f.read(); return len(f.in) >= len(texts) })
	idleTurns(f.t, l)
	f.read()
	wantTexts(f.t, "sent", f.in, texts...)
	f.in = nil
}

func wantTexts(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d datagrams, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: datagram %d has %d bytes, want %d", what, i, len(got[i]), len(want[i]))
		}
	}
}

// gramPair is an endpoint on one of two unix sockets that are connected to each
// other, and the other one.
func gramPair(t testing.TB, l *engine.Loop) (*gramTap, engine.DatagramTransport, *gramEnd) {
	t.Helper()
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockDgram, 0)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	g, tr := endpointOn(t, l, engine.DatagramOptions{Sock: a})
	return g, tr, &gramEnd{t: t, s: b}
}

// stuffedGrams sends to a peer that does not read until the kernel takes no more, and
// returns all that was sent.
func stuffedGrams(t testing.TB, tr engine.DatagramTransport, to engine.Addr) (all []string) {
	t.Helper()
	for tr.WriteBufferSize() == 0 {
		p := pattern(len(all)%100 + 900)
		must(t, tr.SendTo(p, to))
		all = append(all, string(p))
	}
	return all
}
