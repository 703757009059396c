package poller_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/pollertest"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// TestModel does the same random things to the real pollers and to the
// simulated ones: level-triggered conditions and errors must agree after every
// step. POLLER_SEED repeats a run.
func TestModel(t *testing.T) {
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("POLLER_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("POLLER_SEED=%d", seed)
	for round := range uint64(20) {
		m := newModel(t, rand.New(rand.NewPCG(seed, round)))
		for range 150 {
			m.step()
			m.compare()
		}
		m.close()
	}
}

// model is what the test knows of the pairs, in every world alike.
//
// It stays where Unix sockets have one answer: few bytes or a full buffer in
// between, no read of an end that was reset, no write that would raise a
// signal.
type model struct {
	t      *testing.T
	rnd    *rand.Rand
	worlds []world
	ends   []*modelEnd
	log    []string
}

// world is one poller, its system and the descriptors of the model's ends.
type world struct {
	name string
	pollertest.Fixture
	p   poller.Poller
	fds []int
}

type modelEnd struct {
	peer       *modelEnd
	generation uint32
	held       int // bytes to read; full when the sender filled the buffer
	shut       bool
	reset      bool
	closed     bool
}

const full = 1 << 30

func newModel(t *testing.T, rnd *rand.Rand) *model {
	opens := map[string]pollertest.Open{
		"sim":     pollertest.OpenSim(simpoll.New),
		"oneshot": pollertest.OpenSim(simpoll.NewOneShot),
	}
	for _, p := range pollers {
		opens[p.name] = pollertest.OpenSockets(p.make, 0)
	}
	m := &model{t: t, rnd: rnd}
	for _, name := range slices.Sorted(maps.Keys(opens)) {
		f := opens[name](t)
		m.worlds = append(m.worlds, world{name: name, Fixture: f, p: f.New()})
	}
	m.pair()
	return m
}

func (m *model) close() {
	for n := range m.worlds {
		w := &m.worlds[n]
		for i, e := range m.ends {
			if !e.closed {
				w.Close(w.fds[i])
			}
		}
		if err := w.p.Close(); err != nil {
			m.t.Error(err)
		}
	}
}

// each does the same in every world and wants the same error.
func (m *model) each(what string, do func(w *world) error) {
	m.t.Helper()
	m.log = append(m.log, what)
	var first syscall.Errno
	for n := range m.worlds {
		var errno syscall.Errno
		if err := do(&m.worlds[n]); err != nil && !errors.As(err, &errno) {
			m.fail("%s: %v is no errno", m.worlds[n].name, err)
		}
		if n == 0 {
			first = errno
		}
		if errno != first {
			m.fail("%s: %v, %s: %v", m.worlds[0].name, first, m.worlds[n].name, errno)
		}
	}
}

func (m *model) fail(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("%s; after %q", fmt.Sprintf(format, args...), m.log)
}

// step does one random thing to a random end.
func (m *model) step() {
	i := m.rnd.IntN(len(m.ends))
	e := m.ends[i]
	switch m.rnd.IntN(12) {
	case 0:
		if len(m.ends) < 40 {
			m.pair()
		}
	case 1, 2:
		m.register("add", i, poller.Poller.Add)
	case 3:
		m.register("modify", i, poller.Poller.Modify)
	case 4:
		if !e.closed {
			m.each(fmt.Sprintf("remove %d", i), func(w *world) error { return w.p.Remove(w.fds[i]) })
		}
	case 5, 6:
		m.write(i, 1)
	case 7:
		m.write(i, full)
	case 8, 9:
		m.read(i)
	case 10:
		m.end(i)
	case 11:
		m.rebuild()
	}
}

func (m *model) pair() {
	m.each("pair", func(w *world) error {
		a, b := w.Pair()
		w.fds = append(w.fds, a, b)
		return nil
	})
	x, y := &modelEnd{}, &modelEnd{}
	x.peer, y.peer = y, x
	m.ends = append(m.ends, x, y)
}

func (m *model) register(what string, i int, call func(poller.Poller, int, poller.Token, poller.Interest) error) {
	e := m.ends[i]
	if e.closed {
		return
	}
	e.generation += 1<<30 + 1
	token := poller.MakeToken(uint32(i), e.generation)
	interest := poller.Interest(m.rnd.IntN(4)) // without Edge
	m.each(fmt.Sprintf("%s %d %v", what, i, interest), func(w *world) error {
		return call(w.p, w.fds[i], token, interest)
	})
}

func (m *model) write(i, n int) {
	const few = 20
	e := m.ends[i]
	if e.closed || e.shut || e.peer.closed || e.peer.held == full || n == 1 && e.peer.held >= few {
		return
	}
	e.peer.held += n
	if n == full {
		e.peer.held = full
	}
	m.each(fmt.Sprintf("write %d %d", i, n), func(w *world) error {
		for w.Write(w.fds[i], min(n, 4096)) > 0 && n == full {
		}
		return nil
	})
}

// read takes everything.
func (m *model) read(i int) {
	e := m.ends[i]
	if e.closed || e.reset {
		return
	}
	e.held = 0
	m.each(fmt.Sprintf("read %d", i), func(w *world) error {
		for w.Read(w.fds[i], 1<<16) > 0 {
		}
		return nil
	})
}

// end shuts one direction down, or closes.
func (m *model) end(i int) {
	e := m.ends[i]
	if e.closed {
		return
	}
	if m.rnd.IntN(2) == 0 {
		e.shut = true
		m.each(fmt.Sprintf("shutdown %d", i), func(w *world) error { w.Shutdown(w.fds[i]); return nil })
		return
	}
	e.closed = true
	e.peer.reset = e.held > 0
	m.each(fmt.Sprintf("close %d", i), func(w *world) error {
		w.p.Forget(w.fds[i])
		w.Close(w.fds[i])
		return nil
	})
}

// rebuild registers a random selection anew.
func (m *model) rebuild() {
	var chosen []int
	for i, e := range m.ends {
		if !e.closed && m.rnd.IntN(2) == 0 {
			chosen = append(chosen, i)
		}
	}
	interest := poller.Interest(m.rnd.IntN(4))
	m.each(fmt.Sprintf("rebuild %v %v", chosen, interest), func(w *world) error {
		return w.p.Rebuild(func(yield func(poller.Registration) bool) {
			for _, i := range chosen {
				if !yield(poller.Registration{FD: w.fds[i], Token: poller.Token(i), Interest: interest}) {
					return
				}
			}
		})
	})
}

// compare polls every world, or waits without time.
func (m *model) compare() {
	var first map[poller.Token]poller.Ready
	for n := range m.worlds {
		w := &m.worlds[n]
		poll := w.p.Poll
		if m.rnd.IntN(2) == 0 {
			poll = func() ([]poller.Event, error) { return w.p.Wait(w.p.Now(), poller.Block) }
		}
		events, err := poll()
		if err != nil {
			m.fail("%s: %v", w.name, err)
		}
		got := map[poller.Token]poller.Ready{}
		for _, e := range events {
			got[e.Token] |= e.Ready
		}
		if n == 0 {
			first = got
		}
		if !maps.Equal(got, first) {
			m.fail("%s: %v, %s: %v", m.worlds[0].name, first, w.name, got)
		}
	}
}
