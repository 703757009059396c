package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// TestWatcherOrder uses a simulated poller, whose order is that in which
// descriptors became ready.
func TestWatcherOrder(t *testing.T) {
	prove(t, "FD-16", func(t *testing.T) {
		sim := simpoll.New()
		l := newLoop(t, engine.Config{Poller: sim})
		names := map[string]int{"a": sim.Open(), "b": sim.Open(), "c": sim.Open()}
		var log []string
		for name, fd := range names {
			for side, add := range map[string]func(engine.FD, func()) error{"w": l.AddWriter, "r": l.AddReader} {
				if err := add(fd, func() { log = append(log, name+side) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, name := range []string{"b", "c", "a"} {
			sim.SetReady(names[name], poller.Readable|poller.Writable)
		}
		l.CallSoon(func() { log = append(log, "ready") })
		l.Stop()
		if err := l.RunForever(); err != nil {
			t.Fatal(err)
		}
		want := strings.Fields("ready br bw cr cw ar aw")
		if !slices.Equal(log, want) {
			t.Errorf("got %v, want %v: the poller's order, reader before writer", log, want)
		}
	})
}
