//go:build unix

package dgram

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

var loopback = sock.IPAddr(netip.MustParseAddr("127.0.0.1"), 0, 0)

// TestHeld: what a turn sends goes in one call, when it ends or is long enough.
func TestHeld(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	k := w.script()
	w.turn(func() {
		o.sends("a", "b", "c")
		equal(t, "calls", len(k.calls), 0)
		equal(t, "will be flushed once", o.is(listed), true)
	})
	equal(t, "will be flushed", o.is(listed), false)
	wantTexts(t, "calls", k.calls, "[1 1 1]")
	w.turn(func() {
		for range heldPackets {
			o.sends("x")
		}
		equal(t, "calls", len(k.calls), 2)
		o.sends(string(make([]byte, heldBytes)))
		equal(t, "calls", len(k.calls), 3)
		o.sends("y")
		equal(t, "buffered", o.Buffered(), 0)
		equal(t, "calls", len(k.calls), 4)
		o.SetMarks(0, 0)
		o.sends("z") // more than the high mark is not held
		equal(t, "calls", len(k.calls), 5)
	})
	o.sends("outside")
	equal(t, "calls", len(k.calls), 6)
	equal(t, "sends", w.sh.Stats().Sends, 6)
	equal(t, "sent", w.sh.Stats().Sent, heldPackets+7)
	equal(t, "bytes", w.sh.Stats().BytesSent, heldPackets+heldBytes+3+1+1+7)
}

// TestRepliesGoTogether: those to a batch, with its end.
func TestRepliesGoTogether(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, far := w.pair()
		k := w.script()
		o.onData = func(p []byte) { o.sends(string(p)); equal(t, "calls", len(k.calls), 0) }
		for _, text := range []string{"a", "b", "c"} {
			_, err := syscall.Write(far, []byte(text))
			must(t, err)
		}
		w.until(func() bool { return len(k.taken) > 0 })
		wantTexts(t, "calls", k.calls, "[1 1 1]")
		wantTexts(t, "sent", k.taken, "a", "b", "c")
	})
}

// TestSendInterrupted: EINTR is asked again.
func TestSendInterrupted(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	k := w.script(answer{err: syscall.EINTR}, answer{err: syscall.EINTR})
	o.sends("a")
	wantTexts(t, "sent", k.taken, "a")
	o.wants()
}

// TestSendRefused: what is left waits for an event, in its order.
func TestSendRefused(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	k := w.script(answer{n: 1}, answer{err: syscall.EAGAIN}, answer{n: 1}, answer{err: syscall.EAGAIN})
	w.turn(func() { o.sends("a", "bb", "ccc") })
	wantTexts(t, "sent", k.taken, "a")
	equal(t, "buffered", o.Buffered(), 5+2*overhead)
	o.sends("d")
	w.turn()
	equal(t, "calls", len(k.calls), 2)
	equal(t, "timer", o.retry.Pending(), false)
	o.event(poller.Writable)
	w.turn()
	wantTexts(t, "sent", k.taken, "a", "bb")
	equal(t, "buffered", o.Buffered(), 4+2*overhead)
	o.event(poller.Failed) // ends a wait, too
	w.turn()
	wantTexts(t, "sent", k.taken, "a", "bb", "ccc", "d")
	equal(t, "buffered", o.Buffered(), 0)
}

// TestSendPause: where no event will tell, a timer does, after longer and longer
// pauses.
func TestSendPause(t *testing.T) {
	w := simple(t)
	fd, err := sock.Open(unixKind)
	must(t, err)
	o := w.endpoint(fd, Options{Kind: unixKind})
	k := w.script(answer{err: syscall.EAGAIN}, answer{err: syscall.ENOBUFS}, answer{err: syscall.EAGAIN}, answer{n: 1}, answer{err: syscall.EAGAIN})
	w.turn(func() {
		must(t, o.Send([]byte("a"), sock.UnixAddr("far")))
		must(t, o.Send([]byte("b"), sock.UnixAddr("far")))
	})
	for _, want := range []int64{1, 2, 4, 1} {
		equal(t, "pending", o.retry.Pending(), true)
		equal(t, "pause", o.pause.Milliseconds(), want)
		calls := len(k.calls)
		w.until(func() bool { return len(k.calls) > calls })
	}
	wantTexts(t, "sent", k.taken, "a", "b")
	equal(t, "pending", o.retry.Pending(), false)
	w.script(answer{err: syscall.EAGAIN})
	must(t, o.Send([]byte("x"), sock.UnixAddr("far")))
	o.event(poller.Writable)
	w.turn()
	equal(t, "pending behind an event", o.retry.Pending(), false)
	o.pause = lastPause
	w.script(answer{err: syscall.EAGAIN})
	must(t, o.Send([]byte("c"), sock.UnixAddr("far")))
	equal(t, "longest", o.pause, lastPause)
	o.Abort()
	equal(t, "pending", o.retry.Pending(), false)
	w.turn()
}

// TestSendRejected: the datagram is dropped alone, and told in the next turn.
func TestSendRejected(t *testing.T) {
	w := simple(t)
	fd, _ := udp(t)
	o := w.endpoint(fd, Options{Kind: udpKind})
	k := w.script(answer{n: 1}, answer{err: syscall.EPERM})
	to := sock.IPAddr(netip.MustParseAddr("192.0.2.7"), 9, 0)
	w.turn(func() {
		for _, text := range []string{"a", "b", "c"} {
			must(t, o.Send([]byte(text), to))
		}
		o.Buffered()
		o.wants()
	})
	o.wants()
	wantTexts(t, "sent", k.taken, "a", "c")
	w.turn()
	o.wants("error")
	wantOpError(t, o.errs[0], "write", to, syscall.EPERM)
	equal(t, "errors", w.sh.Stats().SendErrors, 1)
}

// TestSendRejectedByTheRemote: the error names the remote side where no address is
// given.
func TestSendRejectedByTheRemote(t *testing.T) {
	w := simple(t)
	fd, _ := udp(t)
	far, at := udp(t)
	defer syscall.Close(far)
	_, err := sock.Connect(fd, unix.AF_INET, at)
	must(t, err)
	o := w.endpoint(fd, Options{Kind: udpKind, Remote: at, Connected: true})
	w.script(answer{err: syscall.EPERM})
	w.turn(func() { o.sends("a") })
	w.turn()
	o.wants("error")
	wantOpError(t, o.errs[0], "write", at, syscall.EPERM)
}

func wantOpError(t *testing.T, err error, op string, at sock.Addr, is error) {
	t.Helper()
	var failed *net.OpError
	if !errors.As(err, &failed) || failed.Op != op || !errors.Is(err, is) {
		t.Fatalf("%v, want %s: %v", err, op, is)
	}
	if at.IsValid() && (failed.Addr == nil || failed.Addr.String() != at.String()) {
		t.Errorf("%v is about %v, want %v", err, failed.Addr, at)
	}
}

// TestSendAfterAnswer: an answer of the network comes with the next datagram, which
// is sent all the same; should it come again, that is this one's.
func TestSendAfterAnswer(t *testing.T) {
	for _, c := range []struct {
		answers int
		sent    []string
		told    []string
		drops   uint64
	}{
		{1, []string{"a", "b"}, []string{"error"}, 0},
		{2, []string{"b"}, []string{"error", "error"}, 1},
		{3, []string{"b"}, []string{"error", "error", "error"}, 1},
	} {
		w := simple(t)
		fd, at := udp(t)
		o := w.endpoint(fd, Options{Kind: udpKind, Remote: at, Connected: true})
		var answers []answer
		for range c.answers {
			answers = append(answers, answer{err: syscall.ECONNREFUSED})
		}
		k := w.script(answers...)
		w.turn(func() { o.sends("a", "b") })
		w.turn()
		wantTexts(t, "sent", k.taken, c.sent...)
		o.wants(c.told...)
		equal(t, "drops", w.sh.Stats().SendErrors, c.drops)
		wantOpError(t, o.errs[0], "write", at, syscall.ECONNREFUSED)
	}
	w := simple(t)
	fd, at := udp(t)
	o := w.endpoint(fd, Options{Kind: udpKind, Remote: at, Connected: true})
	refused := answer{err: syscall.ECONNREFUSED}
	k := w.script(refused, answer{n: 1}, refused, answer{n: 1}, refused)
	w.turn(func() { o.sends("a", "b", "c") }) // each has its own try
	wantTexts(t, "sent", k.taken, "a", "b", "c")

	o, _ = w.pair()
	k = w.script(refused)
	o.sends("a", "b") // a unix peer refuses this one
	wantTexts(t, "sent", k.taken, "b")
}

// TestSendErrorBehindOthers: it is about the first that was not taken, and none of
// those that were is sent again.
func TestSendErrorBehindOthers(t *testing.T) {
	for _, c := range []struct {
		err   syscall.Errno
		drops uint64
		sent  []string
	}{
		{syscall.ECONNREFUSED, 0, []string{"a", "b", "c"}},
		{syscall.EMSGSIZE, 1, []string{"a", "c"}},
	} {
		w := simple(t)
		fd, at := udp(t)
		o := w.endpoint(fd, Options{Kind: udpKind, Remote: at, Connected: true})
		k := w.script(answer{n: 1, err: c.err})
		w.turn(func() { o.sends("a", "b", "c") })
		w.turn()
		wantTexts(t, "sent", k.taken, c.sent...)
		o.wants("error")
		wantOpError(t, o.errs[0], "write", at, c.err)
		equal(t, "drops", w.sh.Stats().SendErrors, c.drops)
	}
	w := simple(t)
	o, _ := w.pair()
	k := w.script(answer{n: 1, err: syscall.EAGAIN})
	w.turn(func() { o.sends("a", "b") })
	wantTexts(t, "sent", k.taken, "a")
	equal(t, "waits", o.is(blocked), true)
}

// TestSendAnswerAmongWaits: answers of the network come while the kernel has no room
// now and then. The owner is paused and resumed in turn, and nothing is left.
func TestSendAnswerAmongWaits(t *testing.T) {
	w := simple(t)
	fd, at := udp(t)
	o := w.endpoint(fd, Options{Kind: udpKind, Remote: at, Connected: true})
	o.SetMarks(0, 2*overhead)
	full, refused := answer{err: syscall.EAGAIN}, answer{err: syscall.ECONNREFUSED}
	k := w.script(full, refused, answer{n: 1}, full, refused, full, refused, refused, full)
	w.turn(func() { o.sends("a", "b", "c", "d") })
	for range 4 {
		o.event(poller.Writable)
		w.turn()
	}
	w.turn()
	o.wants("pause", "error", "error", "error", "error", "resume")
	wantTexts(t, "sent", k.taken, "a", "c", "d")
	equal(t, "buffered", o.Buffered(), 0)
	equal(t, "sent", w.sh.Stats().Sent, 3)
	equal(t, "drops", w.sh.Stats().SendErrors, 1)
}

// TestErrorsBeforeTheEnd: of what the last flush could not send.
func TestErrorsBeforeTheEnd(t *testing.T) {
	for name, end := range map[string]func(*owner){"close": func(o *owner) { o.Close() }, "abort": func(o *owner) { o.Abort() }} {
		w := simple(t)
		o, _ := w.pair()
		w.script(answer{err: syscall.EMSGSIZE})
		w.turn(func() { o.sends("a", "b"); end(o) })
		o.wants()
		w.turn()
		o.wants("error", "lost")
		w.turn()
		o.wants()
		equal(t, name, o.Fd(), -1)
	}
}

// TestSendTargets: each kind of endpoint takes some addresses.
func TestSendTargets(t *testing.T) {
	w := simple(t)
	fd, at := udp(t)
	other := sock.IPAddr(netip.MustParseAddr("127.0.0.2"), 1, 0)
	o := w.endpoint(fd, Options{Kind: udpKind, Remote: at})
	for _, c := range []struct {
		connected bool
		to, want  sock.Addr
		fails     bool
	}{
		{true, sock.Addr{}, sock.Addr{}, false},
		{true, at, sock.Addr{}, false},
		{true, other, sock.Addr{}, true},
		{false, sock.Addr{}, at, false},
		{false, at, at, false},
		{false, other, sock.Addr{}, true},
		{false, sock.UnixAddr("x"), sock.Addr{}, true},
	} {
		o.unset(connected)
		if c.connected {
			o.set(connected)
		}
		got, err := o.target(c.to)
		var bad *sock.AddrError
		if errors.As(err, &bad) != c.fails || err == nil && got != c.want {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	six := w.endpoint(openSix(t), Options{Kind: sock.Kind{Family: unix.AF_INET6, Type: unix.SOCK_DGRAM}})
	if got, err := six.target(at); err != nil || !got.AddrPort().Addr().Is4In6() {
		t.Errorf("an IPv4 address on an IPv6 socket: %v, %v", got, err)
	}
}

// openSix is a descriptor in place of an IPv6 socket, which not all machines have.
func openSix(t *testing.T) int {
	t.Helper()
	fd, _ := udp(t)
	return fd
}
