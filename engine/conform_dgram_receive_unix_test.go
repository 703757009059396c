//go:build unix

package engine_test

import (
	"net"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

func TestDatagramReceived(t *testing.T) {
	prove(t, "DGRAM-12", testDatagramBoundaries)
	prove(t, "DGRAM-13", testDatagramBatches)
}

func TestDatagramErrorReceived(t *testing.T) {
	prove(t, "DGRAM-14", testDatagramRefused)
	prove(t, "DGRAM-15", testDatagramBrokenSocket)
}

func TestDatagramProtocol(t *testing.T) {
	prove(t, "PROT-19", testDatagramProtocolOrder)
	prove(t, "PROT-20", testDatagramProtocolErrors)
}

// testDatagramBoundaries: also those of empty datagrams, and of long ones.
func testDatagramBoundaries(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	long := string(pattern(60_000))
	far.sendTo(tr, "", "abc", long, "", "d")
	untilSo(t, l, func() bool { return len(g.got) >= 5 })
	for _, from := range g.from {
		isEqual(t, "from", from, far.addr())
	}
	wantTexts(t, "received", g.received(), "", "abc", long, "", "d")
	g.want(t, "data", "data", "data", "data", "data")
}

// testDatagramBatches: a turn brings several, and not all of a long queue; those of
// another endpoint come between. On a unix socket they may have 256 KiB.
func testDatagramBatches(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	other, otherTr := endpointOn(t, l, anyPort())
	var texts []string
	for i := range 100 {
		texts = append(texts, strconv.Itoa(i))
	}
	far.sendTo(tr, texts...)
	far.sendTo(otherTr, "other")
	untilSo(t, l, func() bool { return len(g.got) > 0 && len(other.got) > 0 })
	isEqual(t, "a turn brings all", len(g.got) == len(texts), false)
	untilSo(t, l, func() bool { return len(g.got) == len(texts) })
	wantTexts(t, "received", g.received(), texts...)

	near, nearTr, end := gramPair(t, l)
	must(t, end.s.SetOption(syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1<<20))
	must(t, nearTr.ExtraInfo("socket").(*engine.TransportSocket).SetOption(syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1<<20))
	n, err := end.s.Option(syscall.SOL_SOCKET, syscall.SO_SNDBUF)
	must(t, err)
	long := pattern(min(256<<10, n/2-1024))
	must(t, wrote(syscall.Write(end.s.Fd(), long)))
	untilSo(t, l, func() bool { return len(near.got) > 0 })
	wantTexts(t, "received", near.received(), string(long))
}

// testDatagramRefused: nobody listens there any more, then somebody does again.
func testDatagramRefused(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	port := far.port()
	g, tr := endpointOn(t, l, engine.DatagramOptions{RemoteHost: "127.0.0.1", RemotePort: port})
	must(t, far.s.Close())
	inTurn(t, l, func() { must(t, tr.SendTo([]byte("hello"), engine.Addr{})) })
	untilSo(t, l, func() bool { return len(g.errs) > 0 })
	failed := wantOpError(t, g.errs[0], "read", "udp", syscall.ECONNREFUSED)
	isEqual(t, "peer", failed.Addr.String(), "127.0.0.1:"+strconv.Itoa(port))
	isEqual(t, "closing", tr.IsClosing(), false)
	g.want(t, "error")

	s := newSocket(t, engine.AFInet, engine.SockDgram)
	must(t, s.Bind(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}))
	again := &gramEnd{t: t, s: s}
	inTurn(t, l, func() { must(t, tr.SendTo([]byte("again"), engine.Addr{})) })
	again.wants(l, "again")
	again.sendTo(tr, "answer")
	untilSo(t, l, func() bool { return len(g.got) > 0 })
	g.want(t, "data")
}

// testDatagramBrokenSocket: somebody has put a pipe in the socket's place. That is
// nobody's datagram, and the end.
func testDatagramBrokenSocket(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	at := sockaddrOf(nameOfGrams(tr))
	view := tr.ExtraInfo("socket").(*engine.TransportSocket)
	kept, err := view.Dup() // which keeps the socket among those that are watched
	closedLater(t, kept, err)
	pipe := make([]int, 2)
	must(t, syscall.Pipe(pipe))
	must(t, unix.Dup2(pipe[0], view.Fd()))
	closeFD(pipe[0])
	closeFD(pipe[1])
	must(t, syscall.Sendto(far.s.Fd(), []byte("x"), 0, at))
	untilSo(t, l, func() bool { return g.over })
	wantOpError(t, g.err, "read", "udp", syscall.ENOTSOCK)
	g.want(t, "lost")
}

// testDatagramProtocolOrder: of two senders and many batches, each in its order.
func testDatagramProtocolOrder(t *testing.T) {
	a, b, l := gramFar(t), gramFar(t), newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	next := map[engine.Addr]int{}
	g.onData = func(p []byte, from engine.Addr) {
		isEqual(t, "next", string(p), strconv.Itoa(next[from]))
		next[from]++
	}
	const n = 200
	for i := range n {
		a.sendTo(tr, strconv.Itoa(i))
		b.sendTo(tr, strconv.Itoa(i))
		if i%40 == 39 {
			untilSo(t, l, func() bool { return len(g.got) == 2*(i+1) })
		}
	}
	isEqual(t, "from a", next[a.addr()], n)
	isEqual(t, "from b", next[b.addr()], n)
	g.lines = nil
	inTurn(t, l, tr.Close)
	untilSo(t, l, func() bool { return g.over })
	g.want(t, "lost")
	isEqual(t, "error", g.err, nil)
}

// testDatagramProtocolErrors: a panic is none, and neither ends the endpoint.
func testDatagramProtocolErrors(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	list := failures(l)
	fails := func() { panic(errBroken) }
	g.onData = func(p []byte, _ engine.Addr) {
		if string(p) == "bad" {
			fails()
		}
	}
	far.sendTo(tr, "a", "bad", "b", "c")
	untilSo(t, l, func() bool { return len(g.got) == 4 })
	wantGramFailure(t, list, "Exception in callback protocol.datagram_received()", g)
	g.want(t, "data", "data", "data", "data")

	g.onError = func(error) { fails() }
	inTurn(t, l, func() { must(t, tr.SendTo(pattern(70_000), far.addr())) })
	untilSo(t, l, func() bool { return len(g.errs) > 0 })
	wantGramFailure(t, list, "Exception in callback protocol.error_received()", g)
	wantOpError(t, g.errs[0], "write", "udp", syscall.EMSGSIZE)
	isEqual(t, "closing", tr.IsClosing(), false)

	g.onLost = fails
	inTurn(t, l, tr.Close)
	untilSo(t, l, func() bool { return g.over })
	wantGramFailure(t, list, "Exception in callback protocol.connection_lost()", g)
	isEqual(t, "protocol", tr.Protocol(), nil)
	isEqual(t, "descriptor", tr.ExtraInfo("socket").(*engine.TransportSocket).Fd(), -1)
}

func wantGramFailure(t *testing.T, list *[]engine.ErrorContext, message string, g *gramTap) {
	t.Helper()
	if len(*list) != 1 {
		t.Fatalf("%d reports, want one: %v", len(*list), *list)
	}
	c := (*list)[0]
	*list = nil
	isEqual(t, "message", c.Message, message)
	wantErr(t, message, c.Err, errBroken)
	isEqual(t, "transport", c.Transport, any(g.tr))
	isEqual(t, "protocol", c.Protocol, any(g))
}
