package dgram

import (
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// offloaded makes two endpoints whose kernel cuts and joins, or reports that it
// cannot.
func offloaded(t *testing.T, w *world) (a, b *owner, at sock.Addr, ok bool) {
	t.Helper()
	near, _ := udp(t)
	far, at := udp(t)
	a = w.endpoint(near, Options{Kind: udpKind, Offload: true})
	b = w.endpoint(far, Options{Kind: udpKind, Offload: true})
	return a, b, at, a.is(offload) && b.is(offload)
}

// TestOffload: what goes out as few messages comes in as the datagrams that they
// are made of.
func TestOffload(t *testing.T) {
	w := simple(t)
	a, b, at, ok := offloaded(t, w)
	if !ok {
		t.Skip("the kernel has no UDP_SEGMENT and UDP_GRO")
	}
	var want []string
	for i := range 300 {
		text := strconv.Itoa(i) + strings.Repeat("x", 600)
		if i%7 == 0 {
			text = text[:i%50]
		}
		want = append(want, text)
	}
	w.turn(func() {
		for _, text := range want {
			must(t, a.Send([]byte(text), at))
		}
	})
	w.until(func() bool { return len(b.got) == len(want) })
	wantTexts(t, "received", b.got, want...)
	equal(t, "errors", len(a.errs), 0)
	equal(t, "unjoined", w.sh.Stats().Unjoined, 0)
	equal(t, "sent", w.sh.Stats().Sent, 300)
}

// TestOffloadJoins: many of one size are few messages to the kernel.
func TestOffloadJoins(t *testing.T) {
	w := simple(t)
	a, b, at, ok := offloaded(t, w)
	if !ok {
		t.Skip("the kernel has no UDP_SEGMENT and UDP_GRO")
	}
	messages := 0
	w.sh.system.receive = func(fd int, in *inbox) (int, error) {
		n, err := kernel.receive(fd, in)
		messages += n
		return n, err
	}
	w.turn(func() {
		for range heldPackets {
			must(t, a.Send(make([]byte, 100), at))
		}
	})
	w.until(func() bool { return len(b.got) == heldPackets })
	if messages > 4 {
		t.Errorf("%d datagrams came as %d messages", heldPackets, messages)
	}
}

// TestOffloadTooLarge: segments that the device cannot carry go one by one, in
// fragments.
func TestOffloadTooLarge(t *testing.T) {
	w := simple(t)
	a, b, at, ok := offloaded(t, w)
	if !ok {
		t.Skip("the kernel has no UDP_SEGMENT and UDP_GRO")
	}
	must(t, unix.SetsockoptInt(a.Fd(), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT))
	sent := w.sh.system.send
	w.sh.system.send = func(fd int, list []packet, s sending, out *outbox) (int, error) {
		if s.join && joinable(list) > 1 {
			out.first = joinable(list)
			return 0, syscall.EINVAL
		}
		return sent(fd, list, s, out)
	}
	w.turn(func() {
		for range 5 {
			must(t, a.Send(make([]byte, 9000), at))
		}
	})
	w.until(func() bool { return len(b.got) == 5 })
	equal(t, "unjoined", w.sh.Stats().Unjoined, 1)
	equal(t, "goes on", a.is(offload), true)
}

// TestUnjoin: a message that is refused is sent as its datagrams, and a device that
// cannot cut is not asked again.
func TestUnjoin(t *testing.T) {
	for errno, goesOn := range map[syscall.Errno]bool{syscall.EIO: false, syscall.EOPNOTSUPP: false, syscall.EMSGSIZE: true, syscall.EINVAL: true} {
		w := simple(t)
		fd, at := udp(t)
		a := w.endpoint(fd, Options{Kind: udpKind})
		a.set(offload)
		k := w.script(answer{err: errno}, answer{n: 1}, answer{err: syscall.EMSGSIZE})
		w.turn(func() {
			for _, text := range []string{"aa", "bb", "cc", "ddd", "eee"} {
				must(t, a.Send([]byte(text), at))
			}
		})
		w.turn()
		wantTexts(t, "sent", k.taken, "aa", "cc", "ddd", "eee") // bb was rejected alone
		a.wants("error")
		rest := "[2]"
		if !goesOn {
			rest = "[1 1]"
		}
		wantTexts(t, "calls", k.calls, "[3 2]", "[1 1 1]", "[1 1]", "[1]", rest)
		equal(t, "unjoined", w.sh.Stats().Unjoined, 1)
		equal(t, "goes on", a.is(offload), goesOn)
	}
}

// TestOffloadUnsupported: a unix socket has none, and does without.
func TestOffloadUnsupported(t *testing.T) {
	w := simple(t)
	fds, err := sock.Pair(unixKind)
	must(t, err)
	defer syscall.Close(fds[1])
	o := w.endpoint(fds[0], Options{Kind: unixKind, MaxSize: 99, Offload: true})
	equal(t, "offload", o.is(offload), false)
	equal(t, "size", o.most, 99)
}
