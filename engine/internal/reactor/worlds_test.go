package reactor

import (
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// worlds are what scripts run in; a file for a platform adds its own.
var worlds = map[string]func(testing.TB) world{
	"sim":        func(testing.TB) world { return newSimWorld(simpoll.New()) },
	"simoneshot": func(testing.TB) world { return newSimWorld(simpoll.NewOneShot()) },
}

// simWorld has virtual descriptors and virtual time.
type simWorld struct {
	p   *simpoll.Poller
	fds map[string]int
}

func newSimWorld(p *simpoll.Poller) *simWorld { return &simWorld{p: p, fds: map[string]int{}} }

func (w *simWorld) poller() poller.Poller { return w.p }

func (w *simWorld) spend(d time.Duration) { w.p.Advance(d) }

func (w *simWorld) open(name string) int {
	if fd, ok := w.fds[name]; ok {
		return fd
	}
	fd := w.p.Open()
	w.p.SetReady(fd, poller.Writable)
	w.fds[name] = fd
	return fd
}

func (w *simWorld) fill(name string) { w.p.SetReady(w.fds[name], poller.Readable) }

func (w *simWorld) drain(name string) { w.p.ClearReady(w.fds[name], poller.Readable) }

func (w *simWorld) hangup(name string) {
	w.p.SetReady(w.fds[name], poller.Readable|poller.PeerClosed|poller.HangUp)
}

func (w *simWorld) close() {
	for _, fd := range w.fds {
		w.p.CloseFD(fd)
	}
}
