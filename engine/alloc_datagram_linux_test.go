//go:build !race

package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// gramAnswerer answers, and asks again for a number of rounds.
type gramAnswerer struct {
	engine.BaseDatagramProtocol
	tr     engine.DatagramTransport
	rounds int
	done   func()
}

func (e *gramAnswerer) ConnectionMade(tr engine.DatagramTransport) { e.tr = tr }

func (e *gramAnswerer) DatagramReceived(p []byte, from engine.Addr) {
	if e.rounds--; e.rounds == 0 {
		e.done()
		return
	}
	_ = e.tr.SendTo(p, from)
}

// TestDatagramEchoAllocatesNothing has two endpoints that answer each other.
func TestDatagramEchoAllocatesNothing(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	const rounds = 2000
	l, dir := newLoop(t), shortDir(t)
	for name, o := range map[string][2]engine.DatagramOptions{
		"udp": {anyPort(), anyPort()}, "unix": {{LocalPath: dir + "/a"}, {LocalPath: dir + "/b"}},
	} {
		asks := &gramAnswerer{done: l.Stop}
		_, err := makeEndpoint(t, l, asks, o[0])
		must(t, err)
		far, err := makeEndpoint(t, l, &gramAnswerer{}, o[1])
		must(t, err)
		to := addrOf(t, nameOfGrams(far))
		ask := []byte("ping")
		n := testing.AllocsPerRun(10, func() {
			asks.rounds = rounds
			for range 4 {
				must(t, asks.tr.SendTo(ask, to))
			}
			run(t, l)
			idleTurns(t, l) // for those who are still on their way
		})
		if n >= rounds/50 { // a run itself has a few
			t.Errorf("%s: %v allocations in %d datagrams", name, n, rounds)
		}
	}
}
