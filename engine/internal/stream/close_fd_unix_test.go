//go:build unix

package stream

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// removes is a poller that counts how often it is told to take a descriptor out.
type removes struct {
	poller.Poller
	n int
}

func (p *removes) Remove(fd int) error {
	p.n++
	return p.Poller.Remove(fd)
}

// TestADescriptorLeavesThePoller: a socket by being closed, which costs no call, and
// a pipe, which others may have open as well, by being taken out: nothing is heard of
// what they do.
func TestADescriptorLeavesThePoller(t *testing.T) {
	best, err := poller.New()
	must(t, err)
	p := &removes{Poller: best}
	w := newWorld(t, p)
	o, _ := w.connect(unixPair)
	w.end(o)
	equal(t, "removed", p.n, 0)
	in, out := w.pipes()
	r, err := unix.Dup(int(in.fd))
	must(t, err)
	newPeer(t, r)
	wr, err := unix.Dup(int(out.fd))
	must(t, err)
	w.end(in)
	w.end(out)
	equal(t, "removed", p.n, 2)
	newPeer(t, wr).write([]byte("for others"))
	w.turns(2)
	equal(t, "events of nobody", w.r.Stats().Stale, 0)
}
