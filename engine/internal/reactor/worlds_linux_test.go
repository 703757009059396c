package reactor

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

func init() {
	worlds["epoll"] = func(t testing.TB) world { return newSocketWorld(t, poller.NewEpoll) }
	worlds["poll"] = func(t testing.TB) world { return newSocketWorld(t, poller.NewPoll) }
}

// socketWorld has real descriptors: each is one end of a pair of unix sockets.
type socketWorld struct {
	t    testing.TB
	p    poller.Poller
	ends map[string][2]int // ours, the peer's; -1: closed
}

func newSocketWorld(t testing.TB, open func() (poller.Poller, error)) *socketWorld {
	p, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return &socketWorld{t: t, p: p, ends: map[string][2]int{}}
}

func (w *socketWorld) must(err error) {
	if err != nil {
		w.t.Error(err)
	}
}

func (w *socketWorld) poller() poller.Poller { return w.p }

func (w *socketWorld) spend(d time.Duration) {
	for end := w.p.Now() + int64(d); w.p.Now() < end; {
	}
}

func (w *socketWorld) open(name string) int {
	if pair, ok := w.ends[name]; ok {
		return pair[0]
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	w.must(err)
	w.ends[name] = pair
	return pair[0]
}

func (w *socketWorld) fill(name string) {
	_, err := unix.Write(w.ends[name][1], []byte{1})
	w.must(err)
}

func (w *socketWorld) drain(name string) {
	var buf [64]byte
	_, err := unix.Read(w.ends[name][0], buf[:])
	w.must(err)
}

func (w *socketWorld) hangup(name string) {
	pair := w.ends[name]
	w.must(unix.Close(pair[1]))
	w.ends[name] = [2]int{pair[0], -1}
}

func (w *socketWorld) close() {
	for _, pair := range w.ends {
		w.must(unix.Close(pair[0]))
		if pair[1] >= 0 {
			w.must(unix.Close(pair[1]))
		}
	}
}
