//go:build unix

package engine_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// stalledGrams are very many datagrams of a seed to a unix socket that is read in
// bursts, as a protocol sends that honours PauseWriting.
type stalledGrams struct {
	*gramEnd
	l        *engine.Loop
	g        *gramTap
	tr       engine.DatagramTransport
	to       engine.Addr
	paused   bool
	pauses   int
	out      *rand.Rand // decides what is sent
	want     *rand.Rand // and, from the same seed, what has to come
	sent     int
	received int
}

func newStalledGrams(t *testing.T, remote bool) *stalledGrams {
	t.Helper()
	seed := seeded(t).Uint64()
	x := &stalledGrams{l: newLoop(t), out: rand.New(rand.NewPCG(seed, 0)), want: rand.New(rand.NewPCG(seed, 0))}
	s := newSocket(t, engine.AFUnix, engine.SockDgram)
	at := &net.UnixAddr{Name: shortDir(t) + "/s"}
	must(t, s.Bind(at))
	x.gramEnd = &gramEnd{t: t, s: s}
	o := engine.DatagramOptions{Family: engine.AFUnix}
	if remote {
		o.RemotePath = at.Name
	} else {
		x.to = addrOf(t, at)
	}
	x.g, x.tr = endpointOn(t, x.l, o)
	x.g.onPause = func() { x.paused = true; x.pauses++ }
	x.g.onReady = func() { x.paused = false }
	return x
}

// gram is datagram i: its number and bytes that nobody can guess, now and then none.
func gram(i int, rnd *rand.Rand) []byte {
	p := make([]byte, max(rnd.IntN(600)-20, 0))
	for at := 0; at+8 <= len(p); at += 8 {
		binary.NativeEndian.PutUint64(p[at:], rnd.Uint64())
	}
	if len(p) >= 4 {
		binary.NativeEndian.PutUint32(p, uint32(i))
	}
	return p
}

// sends sends up to n datagrams, unless it is told to pause.
func (x *stalledGrams) sends(n int) {
	x.t.Helper()
	for ; n > 0 && !x.paused; n-- {
		must(x.t, x.tr.SendTo(gram(x.sent, x.out), x.to))
		x.sent++
	}
}

// takes reads up to n datagrams, each of which has to be the next one.
func (x *stalledGrams) takes(n int) {
	x.t.Helper()
	for ; n > 0 && x.readOne(); n-- {
		if got, want := x.in[0], string(gram(x.received, x.want)); got != want {
			x.t.Fatalf("datagram %d has %d bytes, want %d, or others", x.received, len(got), len(want))
		}
		x.in = x.in[:0]
		x.received++
	}
}

// TestDatagramStalledReaders: none of very many is lost, sent twice or changed, by a
// connected endpoint and by one that has to ask again and again.
func TestDatagramStalledReaders(t *testing.T) {
	total := scaled(100_000, 20_000)
	for _, remote := range []bool{true, false} {
		t.Run(fmt.Sprint("connected ", remote), func(t *testing.T) {
			x := newStalledGrams(t, remote)
			rnd := seeded(t)
			for x.sent < total {
				inTurn(t, x.l, func() { x.sends(min(1+rnd.IntN(300), total-x.sent)) })
				if x.paused { // and stays so, whatever the turns
					idleTurns(t, x.l)
					isEqual(t, "paused", x.paused, true)
					x.takes(1 << 30)
				}
			}
			untilSo(t, x.l, func() bool { x.takes(1 << 30); return x.received == total })
			idleTurns(t, x.l)
			x.takes(1)
			isEqual(t, "received", x.received, total)
			isEqual(t, "paused", x.paused, false)
			isEqual(t, "pauses", x.pauses > 10, true)
			isEqual(t, "left", x.tr.WriteBufferSize(), 0)
			isEqual(t, "errors", len(x.g.errs), 0)
			s := x.l.Stats().Datagrams
			isEqual(t, "sent", int(s.Sent), total)
		})
	}
}
