//go:build unix && !race

package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// echoes writes to one pipe what it gets from another, for a number of rounds.
type echoes struct {
	engine.BaseProtocol
	to     engine.Transport
	rounds int
	done   func()
}

func (e *echoes) DataReceived(p []byte) {
	if e.rounds--; e.rounds == 0 {
		e.done()
		return
	}
	_, _ = e.to.Write(p)
}

// TestPipesAllocateNothing has bytes go round through two pipes.
func TestPipesAllocateNothing(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	const rounds = 2000
	l := newLoop(t)
	asks, answers := &echoes{done: l.Stop}, &echoes{}
	r1, w1 := pipe(t)
	r2, w2 := pipe(t)
	pipeOn(t, l, toRead, answers, r1)
	asks.to = pipeOn(t, l, toWrite, engine.BaseProtocol{}, w1)
	pipeOn(t, l, toRead, asks, r2)
	answers.to = pipeOn(t, l, toWrite, engine.BaseProtocol{}, w2)
	ask := []byte("ping")
	n := testing.AllocsPerRun(10, func() {
		asks.rounds = rounds
		must(t, wrote(asks.to.Write(ask)))
		run(t, l)
	})
	if n >= rounds/100 { // a run itself has a few
		t.Errorf("%v allocations in %d rounds", n, rounds)
	}
}
