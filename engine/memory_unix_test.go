//go:build unix

package engine_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine"
)

func TestNewMemoryBudget(t *testing.T) {
	for _, bytes := range []int{0, -1} {
		_, err := engine.NewMemoryBudget(bytes)
		wantBadArg(t, err, "bytes")
	}
	b := budget(t, 1)
	isEqual(t, "used", b.Used(), 0)
}

func budget(t testing.TB, bytes int) *engine.MemoryBudget {
	t.Helper()
	b, err := engine.NewMemoryBudget(bytes)
	must(t, err)
	return b
}

// answerSize is what one byte of a request is answered with.
const answerSize = 8 << 10

// answers is a server whose answers are the bytes that the seed decides which is
// the request.
func answers() engine.Protocol {
	s := &served{}
	var from *source
	s.made = func(tr engine.Transport) {
		socket := tr.ExtraInfo("socket").(*engine.TransportSocket)
		_ = socket.SetOption(syscall.SOL_SOCKET, syscall.SO_SNDBUF, 4096)
	}
	s.data = func(p []byte) {
		if from == nil {
			from = newSource(uint64(p[0]))
		}
		for range p {
			_, _ = s.transport.Write(from.next(answerSize))
		}
	}
	return s
}

// hungry are clients that have asked for more than the server has memory for, and
// have read nothing.
type hungry []net.Conn

const (
	requests = 30
	backlog  = 256 // for all of them: a unix socket refuses when it is full
)

func newHungry(t testing.TB, n int, path string) (list hungry) {
	t.Helper()
	for id := range n {
		c, err := net.Dial("unix", path)
		must(t, err)
		t.Cleanup(func() { c.Close() })
		for range requests {
			_, err = c.Write([]byte{byte(id)})
			must(t, err)
		}
		must(t, c.(*net.UnixConn).CloseWrite())
		list = append(list, c)
	}
	return list
}

// eat reads everything at once, and wants it to be what was asked for.
func (h hungry) eat(t testing.TB) {
	t.Helper()
	var all sync.WaitGroup
	for id, c := range h {
		all.Go(func() {
			var got tally
			buf := make([]byte, 4096)
			n, err := c.Read(buf)
			for ; err == nil; n, err = c.Read(buf) {
				got.add(buf[:n])
			}
			want := newSource(uint64(id))
			want.next(requests * answerSize)
			if err != io.EOF || got != want.tally {
				t.Errorf("client %d: %d bytes, want %d, or others than those; %v", id, got.n, want.n, err)
			}
		})
	}
	all.Wait()
}

// oneCallback is by how much one callback of answers may pass a limit: the blocks
// of its answer.
const oneCallback = 2 * requests * answerSize

// TestMemoryLimitUnderLoad: 200 peers that do not read hold what the limit allows,
// and get every byte when they do.
func TestMemoryLimitUnderLoad(t *testing.T) {
	const limit = 2 << 20
	l := newLoop(t, engine.Config{MemoryLimit: limit})
	reports := reportsOf(l)
	start(t, l)
	path := filepath.Join(t.TempDir(), "socket")
	s, err := l.CreateUnixServer(t.Context(), answers, engine.UnixServerOptions{Path: path, Backlog: backlog})
	must(t, err)
	endServer(t, l, s)
	h := newHungry(t, 200, path)
	until(t, l, func() bool { return l.Stats().MemoryPaused })
	for range 20 {
		onLoop(t, l, nop)
		if n := l.Stats().Memory; n > limit+oneCallback || n < limit*3/4 {
			t.Errorf("%d bytes are held in the pause", n)
		}
	}
	h.eat(t)
	until(t, l, func() bool { stats := l.Stats(); return stats.Connections == 0 && !stats.MemoryPaused })
	stats := l.Stats()
	isEqual(t, "held in the end", stats.Memory, 0)
	isEqual(t, "accepted", statsOf(t, l, s).Accepted, 200)
	if stats.MemoryPauses == 0 {
		t.Error("there was no pause")
	}
	reports.none(t)
}

// TestMemoryBudgetOfAGroup: four loops hold together what one budget allows.
func TestMemoryBudgetOfAGroup(t *testing.T) {
	const limit, loops = 4 << 20, 4
	b := budget(t, limit)
	g, err := engine.NewGroup(loops, hosted(t, engine.Config{Budget: b}))
	must(t, err)
	must(t, g.Start())
	t.Cleanup(func() { must(t, ends(g.Shutdown(context.Background()))) })
	path := filepath.Join(t.TempDir(), "socket")
	o := engine.GroupUnixServerOptions{Balance: engine.BalanceLeast}
	o.Path, o.Backlog = path, backlog
	s, err := g.CreateUnixServer(t.Context(), answers, o)
	must(t, err)
	h := newHungry(t, 100, path)
	paused := func() (n int) {
		for _, stats := range g.Stats() {
			if stats.MemoryPaused {
				n++
			}
		}
		return n
	}
	for paused() == 0 {
		nudge(t, g)
	}
	for range 20 {
		nudge(t, g)
		if n := b.Used(); n > limit+loops*oneCallback {
			t.Errorf("%d bytes are used", n)
		}
	}
	h.eat(t)
	for b.Used() > 0 || paused() > 0 {
		nudge(t, g)
	}
	must(t, ends(s.Shutdown(t.Context())))
}

// nudge lets each loop of a group turn.
func nudge(t testing.TB, g *engine.Group) {
	t.Helper()
	for _, l := range g.Loops() {
		onLoop(t, l, nop)
	}
}

// limited is a running loop whose server echoes, and retains more than the limit
// when the test says so.
type limited struct {
	t    *testing.T
	l    *engine.Loop
	s    *engine.Server
	at   net.Addr
	refs []buffers.Ref
}

func newLimited(t *testing.T, c engine.Config, f engine.ProtocolFactory) *limited {
	t.Helper()
	x := &limited{t: t, l: newLoop(t, c)}
	r := reportsOf(x.l)
	start(t, x.l)
	t.Cleanup(func() { r.none(t) })
	x.s = serve(t, x.l, f, local(engine.ServerOptions{}))
	x.at = address(t, x.l, x.s)
	t.Cleanup(x.release)
	return x
}

// fill makes the loop pause, by the transport of one connection.
func (x *limited) fill(tr engine.Transport) {
	onLoop(x.t, x.l, func() { x.refs = append(x.refs, tr.Retain(make([]byte, 256<<10))) })
	until(x.t, x.l, func() bool { return x.l.Stats().MemoryPaused })
}

func (x *limited) release() {
	for _, r := range x.refs {
		r.Release()
	}
	x.refs = nil
}

// first is a client whose transport is known.
func (x *limited) first(made *engine.Transport) net.Conn {
	c := client(x.t, x.at)
	until(x.t, x.l, func() bool { return *made != nil })
	return c
}

// TestAcceptPausesForMemory: who connects meanwhile is served afterwards, and the
// loop does not look at its listener for nothing.
func TestAcceptPausesForMemory(t *testing.T) {
	var tr engine.Transport
	x := newLimited(t, engine.Config{MemoryLimit: 64 << 10}, func() engine.Protocol {
		p := echo().(*served)
		p.made = func(t engine.Transport) { tr = t }
		return p
	})
	c := x.first(&tr)
	says(t, c, "hello")
	for range 3 {
		descriptors := x.l.Stats().Descriptors
		accepted := statsOf(t, x.l, x.s).Accepted
		x.fill(tr)
		_, err := io.WriteString(c, "later")
		must(t, err)
		next := client(t, x.at)
		_, err = io.WriteString(next, "hi")
		must(t, err)
		until(t, x.l, func() bool { return x.l.Stats().Descriptors == descriptors-1 })
		isEqual(t, "accepted in the pause", statsOf(t, x.l, x.s).Accepted, accepted)
		isEqual(t, "serving", x.s.IsServing(), true)
		x.release()
		hears(t, c, "later")
		hears(t, next, "hi")
		until(t, x.l, func() bool { return x.l.Stats().Descriptors == descriptors+1 })
	}
	isEqual(t, "pauses", x.l.Stats().MemoryPauses, 3)
}

// TestAFullServerStaysFull: the end of a pause leaves a limit of connections as it
// is.
func TestAFullServerStaysFull(t *testing.T) {
	l := newLoop(t, engine.Config{MemoryLimit: 64 << 10})
	start(t, l)
	var tr engine.Transport
	s := serve(t, l, func() engine.Protocol {
		p := echo().(*served)
		p.made = func(t engine.Transport) { tr = t }
		return p
	}, local(engine.ServerOptions{MaxConnections: 1}))
	x := &limited{t: t, l: l, s: s, at: address(t, l, s)}
	c := x.first(&tr)
	x.fill(tr)
	next := client(t, x.at)
	_, err := io.WriteString(next, "hi")
	must(t, err)
	x.release()
	says(t, c, "hello")
	isEqual(t, "accepted", statsOf(t, l, s).Accepted, 1)
	c.Close()
	hears(t, next, "hi")
}
