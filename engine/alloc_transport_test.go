//go:build unix && !race

package engine_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// answerer answers, and asks again for a number of rounds.
type answerer struct {
	engine.BaseProtocol
	tr     engine.Transport
	rounds int
	done   func()
}

func (e *answerer) ConnectionMade(tr engine.Transport) { e.tr = tr }

func (e *answerer) DataReceived(p []byte) {
	if e.rounds--; e.rounds == 0 {
		e.done()
		return
	}
	_, _ = e.tr.Write(p)
}

// TestEchoAllocatesNothing has two transports that answer each other.
func TestEchoAllocatesNothing(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	const rounds = 2000
	l := newLoop(t)
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	must(t, err)
	asks := &answerer{done: l.Stop}
	transportOn(t, l, asks, a)
	transportOn(t, l, &answerer{}, b)
	ask := []byte("ping")
	n := testing.AllocsPerRun(10, func() {
		asks.rounds = rounds
		must(t, wrote(asks.tr.Write(ask)))
		run(t, l)
	})
	if n >= rounds/100 { // a run itself has a few
		t.Errorf("%v allocations in %d requests", n, rounds)
	}
}

// idleTap is an empty protocol.
type idleTap struct{ engine.BaseProtocol }

// heapAlive is what lives after a collection.
func heapAlive() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestIdleConnectionSize: transport, protocol and slot, and the loop's entry; a
// server's entry is 8 bytes more, with room to grow. Timeouts are their times and
// a timer more, with its place in the wheel.
func TestIdleConnectionSize(t *testing.T) {
	all := engine.Timeouts{Idle: time.Hour, Read: time.Hour, Write: time.Hour}
	for name, c := range map[string]struct {
		timeouts engine.Timeouts
		most     float64
	}{"plain": {most: 400}, "timeouts": {all, 536}} {
		t.Run(name, func(t *testing.T) { idleConnectionSize(t, c.timeouts, c.most) })
	}
}

func idleConnectionSize(t *testing.T, timeouts engine.Timeouts, most float64) {
	t.Setenv("SHARDLOOPDEBUG", "")
	const entry = 10
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	n := int(min(limit.Cur, 21_000)-1000) / 2
	l := newLoop(t)
	start(t, l)
	var fars []int
	connect := func() {
		a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
		must(t, err)
		fd, err := b.Take("keep")
		must(t, err)
		fars = append(fars, fd)
		_, _, err = l.ConnectAcceptedSocket(t.Context(), func() engine.Protocol { return &idleTap{} }, a, engine.AcceptedOptions{Timeouts: timeouts})
		must(t, err)
	}
	defer func() {
		for _, fd := range fars {
			must(t, syscall.Close(fd))
		}
	}()
	fars = make([]int, 0, n+1)
	connect()
	before := heapAlive()
	for range n {
		connect()
	}
	each := (float64(heapAlive())-float64(before))/float64(n) + entry
	t.Logf("%.1f bytes for each of %d idle connections", each, n)
	if each > most {
		t.Errorf("%.1f bytes for each of %d connections, want %.0f at most", each, n, most)
	}
}
