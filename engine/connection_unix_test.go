//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestBytesBehindDescriptorsAreEchoed: a server has no use for descriptors that
// come along, and gets all bytes behind them.
func TestBytesBehindDescriptorsAreEchoed(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	path := filepath.Join(shortDir(t), "s")
	serveUnix(t, l, engine.UnixServerOptions{Path: path})
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	defer c.Close()
	_, _, err = c.WriteMsgUnix([]byte("abc"), syscall.UnixRights(0), nil)
	must(t, err)
	_, err = c.Write([]byte("def"))
	must(t, err)
	got := make([]byte, 6)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "abcdef" {
		t.Errorf("%q came back, and %v", got, err)
	}
}

// TestPauseKeepsTheContext: a pause that comes out of a write leaves whoever writes
// in the context that it had.
func TestPauseKeepsTheContext(t *testing.T) {
	l, w, tr, _ := tapped(t)
	var inside, after any
	w.onPause = func() { inside = l.Context().Value(ctxKey("who")) }
	l.CallSoonContext(context.WithValue(context.Background(), ctxKey("who"), "caller"), func() {
		must(t, tr.SetWriteBufferLimits(0, 0))
		blocked(t, tr)
		after = l.Context().Value(ctxKey("who"))
	})
	turn(t, l)
	w.want(t, "pause")
	isEqual(t, "in the pause", inside, nil)
	isEqual(t, "after the write", after, "caller")
}

// TestTheEndKeepsTheAddress: a transport that is gone still tells its own address,
// also when nobody has asked before, and when its end was the loop's.
func TestTheEndKeepsTheAddress(t *testing.T) {
	for what, end := range map[string]func(l *engine.Loop, tr engine.Transport){
		"closed":          func(l *engine.Loop, tr engine.Transport) { tr.Close(); idleTurns(t, l) },
		"the loop closed": func(l *engine.Loop, _ engine.Transport) { must(t, l.Close()) },
	} {
		l := newLoop(t)
		tr, far := overTCP(t, l, &wireTap{})
		end(l, tr)
		isEqual(t, what, fmt.Sprint(tr.ExtraInfo("sockname")), far.RemoteAddr().String())
	}
}

// TestATransportBesideAReader: one whose descriptor somebody watches is lost at once,
// and says why.
func TestATransportBesideAReader(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	lost := make(chan error, 2)
	s, _ := acceptedElsewhere(t)
	onLoop(t, l, func() { must(t, l.AddReader(s.Fd(), nop)) })
	w := &wireTap{}
	w.onLost = func() { lost <- w.err }
	_, _, err := l.ConnectAcceptedSocket(t.Context(), func() engine.Protocol { return w }, s, engine.AcceptedOptions{})
	must(t, err)
	wantOpError(t, <-lost, "watch", "tcp", engine.ErrFdInUse)
	k, _ := boundDatagrams(t)
	onLoop(t, l, func() { must(t, l.AddReader(k.Fd(), nop)) })
	g := &gramTap{}
	g.onLost = func() { lost <- g.err }
	_, _, err = l.CreateDatagramEndpoint(t.Context(), func() engine.DatagramProtocol { return g }, engine.DatagramOptions{Sock: k})
	must(t, err)
	wantOpError(t, <-lost, "watch", "udp", engine.ErrFdInUse)
}
