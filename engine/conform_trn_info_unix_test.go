//go:build unix

package engine_test

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

func TestTransportInfo(t *testing.T) {
	prove(t, "TRN-38", testExtraInfo)
	prove(t, "TRN-39", testExtraSocket)
	prove(t, "TRN-41", testNeverClosed)
}

func testExtraInfo(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	tr, far := overTCP(t, l, w)
	info := func(key string) string { return tr.ExtraInfo(key).(net.Addr).String() }
	check := func() {
		t.Helper()
		isEqual(t, "sockname", info("sockname"), far.RemoteAddr().String())
		isEqual(t, "peername", info("peername"), far.LocalAddr().String())
		for _, key := range []string{"", "sslcontext", "pipe", "subprocess", "Socket"} {
			isEqual(t, key, tr.ExtraInfo(key), nil)
		}
	}
	check()
	isEqual(t, "socket", tr.ExtraInfo("socket"), tr.ExtraInfo("socket"))
	w.onLost = check
	tr.Close()
	turn(t, l)
	check()
	isEqual(t, "lost", w.over, true)
	pair, _ := wired(t, l, &wireTap{})
	isEqual(t, "sockname of a pair", pair.ExtraInfo("sockname").(net.Addr).Network(), "unix")
}

// testExtraSocket: one may look and set options; the rest is not there to call.
func testExtraSocket(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	tr, far := overTCP(t, l, w)
	s := tr.ExtraInfo("socket").(*engine.TransportSocket)
	n, err := s.Option(syscall.IPPROTO_TCP, syscall.TCP_NODELAY)
	if err != nil || n == 0 {
		t.Errorf("TCP_NODELAY is %d, %v", n, err)
	}
	must(t, s.SetOption(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1))
	wantAddresses(t, s, swapped{far})
	isEqual(t, "family, type and protocol", [3]int{s.Family(), s.Type(), s.Proto()},
		[3]int{engine.AFInet, engine.SockStream, engine.IPProtoTCP})
	must(t, s.SetTimeout(0))
	must(t, s.SetBlocking(false))
	wantArgError(t, "SetTimeout", s.SetTimeout(time.Second), "d")
	wantArgError(t, "SetBlocking", s.SetBlocking(true), "blocking")
	for name, has := range methodsOf(s) {
		isEqual(t, name, has, false)
	}
	d, err := s.Dup()
	closedLater(t, d, err)
	must(t, s.Shutdown(engine.ShutRDWR))
	untilSo(t, l, func() bool { return w.over })
	wantGone(t, s)
}

// swapped is a connection as its other end sees it.
type swapped struct{ *net.TCPConn }

func (s swapped) LocalAddr() net.Addr  { return s.TCPConn.RemoteAddr() }
func (s swapped) RemoteAddr() net.Addr { return s.TCPConn.LocalAddr() }

// methodsOf tells which of the methods v has that it must not have.
func methodsOf(v any) map[string]bool {
	_, closes := v.(interface{ Close() error })
	_, reads := v.(interface{ Read([]byte) (int, error) })
	_, writes := v.(interface{ Write([]byte) (int, error) })
	_, accepts := v.(interface{ Listen(int) error })
	_, encodes := v.(interface{ MarshalBinary() ([]byte, error) })
	return map[string]bool{"Close": closes, "Read": reads, "Write": writes, "Listen": accepts, "MarshalBinary": encodes}
}

// testNeverClosed: the end of the loop closes the descriptors of transports that
// are open, and debug mode tells where those were made.
func testNeverClosed(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	for _, debug := range []bool{false, true} {
		l, log := logged(t, engine.Config{Debug: debug})
		w, closed := &wireTap{}, &wireTap{}
		tr, far := wired(t, l, w)
		other, otherFar := wired(t, l, closed)
		other.Close()
		log.take()
		must(t, l.Close())
		far.read()
		otherFar.read()
		isEqual(t, "end", far.ended && otherFar.ended, true)
		w.want(t, "made")
		closed.want(t, "made")
		list := log.take()
		if isEqual(t, "logged", len(list) == 1, debug); !debug {
			continue
		}
		if r := list[0]; !strings.HasPrefix(r.text, "a transport was never closed created at ") || r.attrs["transport"] != any(tr) {
			t.Errorf("the record is %v", r)
		}
	}
}
