package engine_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// refused is an endpoint that is connected to an UDP socket which hears it or not.
// While it does not, the system answers each datagram that nobody listens there, as
// if the port were free.
type refused struct {
	t        *testing.T
	l        *engine.Loop
	g        *gramTap
	tr       engine.DatagramTransport
	far      *gramEnd
	stranger *gramEnd
	sent     int
}

func newRefused(t *testing.T, o engine.DatagramOptions) *refused {
	t.Helper()
	x := &refused{t: t, l: newLoop(t), far: gramFar(t), stranger: gramFar(t)}
	o.LocalHost, o.RemoteHost, o.RemotePort = "127.0.0.1", "127.0.0.1", x.far.port()
	x.g, x.tr = endpointOn(t, x.l, o)
	return x
}

// listens makes the far end hear the endpoint, or nobody but a stranger. It keeps its
// port, so that no other socket gets it.
func (x *refused) listens(hears bool) {
	x.t.Helper()
	at := nameOfGrams(x.tr)
	if !hears {
		at = x.stranger.addr().NetAddr(engine.SockDgram)
	}
	must(x.t, syscall.Connect(x.far.s.Fd(), sockaddrOf(at)))
}

// sends sends n datagrams, each with its number.
func (x *refused) sends(n int) (texts []string) {
	x.t.Helper()
	for range n {
		text := fmt.Sprintf("number %6d", x.sent)
		x.sent++
		must(x.t, x.tr.SendTo([]byte(text), engine.Addr{}))
		texts = append(texts, text)
	}
	return texts
}

// flushes has the kernel take what there is.
func (x *refused) flushes() {
	x.t.Helper()
	isEqual(x.t, "left", x.tr.WriteBufferSize(), 0)
}

// isAnswered waits until the kernel has an answer of the network for the next call.
// The network may lose one: then it takes another datagram.
func (x *refused) isAnswered() {
	x.t.Helper()
	for guard := time.Now().Add(time.Minute); !x.hasAnswer(5000); {
		if time.Now().After(guard) {
			x.t.Fatal("nothing is answered")
		}
		x.sends(1)
		x.flushes()
	}
}

// hasAnswer waits for an answer for some milliseconds.
func (x *refused) hasAnswer(wait int) bool {
	x.t.Helper()
	fds := []unix.PollFd{{Fd: int32(x.tr.ExtraInfo("socket").(*engine.TransportSocket).Fd())}}
	for {
		_, err := unix.Poll(fds, wait)
		if err != unix.EINTR {
			must(x.t, err)
			return fds[0].Revents&unix.POLLERR != 0
		}
	}
}

// wantCounts wants each datagram to be counted once, each answer to be told, and
// nothing to wait.
func (x *refused) wantCounts() {
	x.t.Helper()
	idleTurns(x.t, x.l)
	s := x.l.Stats().Datagrams
	isEqual(x.t, "sent or refused", s.Sent+s.SendErrors, uint64(x.sent))
	isEqual(x.t, "told", uint64(len(x.g.errs)), s.SendErrors+s.ReceiveErrors)
	isEqual(x.t, "dropped", s.Unsent, 0)
	isEqual(x.t, "left", x.tr.WriteBufferSize(), 0)
	isEqual(x.t, "closing", x.tr.IsClosing(), false)
	for _, err := range x.g.errs {
		var failed *net.OpError
		if !errors.As(err, &failed) || failed.Addr.String() != x.far.addr().String() || !errors.Is(err, syscall.ECONNREFUSED) {
			x.t.Errorf("told of %v", err)
		}
	}
}

// onWays runs fn with datagrams that go one by one and with ones that are joined.
func onWays(t *testing.T, fn func(t *testing.T, o engine.DatagramOptions)) {
	for name, offload := range map[string]bool{"single": false, "joined": true} {
		t.Run(name, func(t *testing.T) { fn(t, engine.DatagramOptions{Offload: offload}) })
	}
}

// TestDatagramRefusedAhead: the answer to an earlier datagram comes with a batch,
// which goes out all the same, once and in order.
func TestDatagramRefusedAhead(t *testing.T) {
	onWays(t, func(t *testing.T, o engine.DatagramOptions) {
		x := newRefused(t, o)
		x.listens(false)
		var batch []string
		inTurn(t, x.l, func() {
			x.sends(1)
			x.flushes()
			x.isAnswered()
			x.listens(true)
			batch = x.sends(100)
			x.g.want(t) // not out of a call
		})
		x.far.wants(x.l, batch...)
		x.g.want(t, slices.Repeat([]string{"error"}, max(1, len(x.g.errs)))...)
		wantOpError(t, x.g.errs[0], "write", "udp", syscall.ECONNREFUSED)
		x.wantCounts()
	})
}

// TestDatagramRefusedWithin: each datagram of a batch is answered, within the call
// that sends those behind it. What is sent when somebody listens arrives.
func TestDatagramRefusedWithin(t *testing.T) {
	onWays(t, func(t *testing.T, o engine.DatagramOptions) {
		x := newRefused(t, o)
		x.listens(false)
		inTurn(t, x.l, func() { x.sends(100) })
		x.isAnswered() // but for what was told by now
		untilSo(t, x.l, func() bool { return len(x.g.errs) > 0 })
		x.wantCounts()
		x.far.read()
		wantTexts(t, "heard", x.far.in)
		x.listens(true)
		untilSo(t, x.l, func() bool { x.sends(1); x.far.read(); return len(x.far.in) > 0 })
		x.wantCounts()
	})
}

// TestDatagramRefusedNowAndThen: what was sent while somebody listened arrives or is
// told of, and nothing arrives twice, whatever batch the answers come with.
func TestDatagramRefusedNowAndThen(t *testing.T) {
	onWays(t, func(t *testing.T, o engine.DatagramOptions) {
		x, rnd := newRefused(t, o), seeded(t)
		for range 300 {
			before := x.l.Stats().Datagrams.SendErrors
			hears, n := rnd.IntN(2) == 0, 1+rnd.IntN(90)
			x.listens(hears)
			if rnd.IntN(2) == 0 {
				turn(t, x.l) // in which the answer is read, if there is one
			}
			x.sends(n)
			x.flushes()
			if hears {
				x.arrive(before, n)
			} else {
				x.isAnswered()
			}
		}
		x.wantCounts()
	})
}

// arrive waits for the last n datagrams, each of which is there or was told of.
func (x *refused) arrive(before uint64, n int) {
	x.t.Helper()
	first := fmt.Sprintf("number %6d", x.sent-n)
	x.far.in = nil
	untilSo(x.t, x.l, func() bool {
		x.far.read()
		here := 0
		for _, text := range x.far.in {
			if text >= first {
				here++
			}
		}
		return here+int(x.l.Stats().Datagrams.SendErrors-before) >= n
	})
	isEqual(x.t, "each once and in order", slices.IsSorted(x.far.in) && len(slices.Compact(x.far.in)) == len(x.far.in), true)
}
