//go:build unix

package stream

import (
	"math/rand/v2"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// scripted is a kernel for writes that does as it is told, and takes what it takes
// to nowhere. Each call uses up one answer; without any left it takes all.
type scripted struct {
	answers []answer
	calls   int
	taken   []byte
}

// answer is a number of bytes, or else an error.
type answer struct {
	n   int
	err error
}

// script makes the writes of a world those of a script.
func (w *world) script(answers ...answer) *scripted {
	k := &scripted{answers: answers}
	w.sh.system.write = func(_ int, p []byte) (int, error) { return k.take(p) }
	w.sh.system.writev = func(_ int, pieces [][]byte, _ *vector) (int, error) { return k.take(pieces...) }
	return k
}

func (k *scripted) take(pieces ...[]byte) (n int, err error) {
	k.calls++
	most := 1 << 30
	if len(k.answers) > 0 {
		most, err = k.answers[0].n, k.answers[0].err
		k.answers = k.answers[1:]
	}
	if err != nil {
		return 0, err
	}
	for _, p := range pieces {
		p = p[:min(len(p), most-n)]
		k.taken = append(k.taken, p...)
		n += len(p)
	}
	return n, nil
}

// reads has the kernel read to what f makes of the memory, or fail.
func (w *world) reads(f func(fd int, p []byte) ([]byte, error)) {
	w.sh.system.read = func(fd int, p []byte) (int, error) {
		p, err := f(fd, p)
		if err != nil {
			return 0, err
		}
		return kernel.read(fd, p)
	}
	w.sh.system.receive = func(fd int, p []byte, m *message) (int, bool, error) {
		p, err := f(fd, p)
		if err != nil {
			return 0, false, err
		}
		return kernel.receive(fd, p, m)
	}
}

// moody is the real kernel with interruptions and less than it could do. Where it
// holds back what no edge would tell of, it sends an event itself.
type moody struct {
	w    *world
	rnd  *rand.Rand
	hits map[string]int // what it has done, by its name
}

// moods makes the kernel of a world moody.
func (w *world) moods(rnd *rand.Rand) *moody {
	m, sys := &moody{w, rnd, map[string]int{}}, &w.sh.system
	*sys = kernel
	w.reads(func(fd int, p []byte) ([]byte, error) {
		if m.is("read EINTR") {
			return nil, syscall.EINTR
		}
		return m.less("short read", fd, p, poller.Readable), nil
	})
	sys.write = func(fd int, p []byte) (int, error) {
		if err := m.refuses("write", fd); err != nil {
			return 0, err
		}
		return kernel.write(fd, m.less("short write", fd, p, 0))
	}
	sys.writev = func(fd int, pieces [][]byte, v *vector) (int, error) {
		if err := m.refuses("writev", fd); err != nil {
			return 0, err
		}
		if m.is("short writev") {
			i := rnd.IntN(len(pieces))
			return kernel.write(fd, pieces[0][:max(1, len(pieces[0])-i)])
		}
		return kernel.writev(fd, pieces, v)
	}
	sys.shutdown = func(fd int) error {
		if m.is("shutdown EINTR") {
			return syscall.EINTR
		}
		return kernel.shutdown(fd)
	}
	return m
}

// is tells whether to do something now, every fourth time.
func (m *moody) is(what string) bool {
	if m.rnd.IntN(4) > 0 {
		return false
	}
	m.hits[what]++
	return true
}

func (m *moody) refuses(call string, fd int) error {
	switch {
	case m.is(call + " EINTR"):
		return syscall.EINTR
	case m.is(call + " EAGAIN"):
		m.event(fd, poller.Writable)
		return syscall.EAGAIN
	}
	return nil
}

// less is a part of p, with an event for the rest if one is needed.
func (m *moody) less(what string, fd int, p []byte, ready poller.Ready) []byte {
	if len(p) < 2 || !m.is(what) {
		return p
	}
	if ready != 0 {
		m.event(fd, ready)
	}
	return p[:1+m.rnd.IntN(min(len(p), 5000)-1)]
}

// event comes in the next turn, for who has asked for events.
func (m *moody) event(fd int, ready poller.Ready) {
	for _, o := range m.w.owners {
		if int(o.fd) == fd && o.token != 0 {
			m.w.r.Again(o.token, ready)
		}
	}
}
