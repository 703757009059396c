package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func init() { exhaustedChildren["GroupStarved"] = testGroupStarved }

func TestGroupStarved(t *testing.T) { exhaustedChild(t, "GroupStarved") }

// timeless makes loops whose clocks stand still.
type timeless struct{ engine.DefaultPolicy }

func (p timeless) NewEventLoop(c engine.Config) (*engine.Loop, error) {
	system, err := poller.New()
	if err != nil {
		return nil, err
	}
	c.Poller = &stoppedClock{system, system.Now()}
	return p.DefaultPolicy.NewEventLoop(c)
}

// testGroupStarved: a descriptor that a connection on another loop frees is used at
// once by the loop that accepts.
func testGroupStarved(t *testing.T) {
	engine.SetPolicy(timeless{})
	defer engine.SetPolicy(nil)
	g := quietGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	on0, on1 := client(t, groupAddr(t, s)), client(t, groupAddr(t, s))
	says(t, on0, "open")
	says(t, on1, "open")
	c := &crowd{t: t}
	c.fill(1)
	waiting := client(t, groupAddr(t, s))
	settled(t, s, func(x engine.ServerStats) bool { return x.Pauses == 1 })
	must(t, on1.Close())
	says(t, waiting, "served")
	c.free(len(c.filler))
	must(t, ends(g.Shutdown(t.Context())))
}
