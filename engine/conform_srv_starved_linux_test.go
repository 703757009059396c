package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

// stoppedClock is the system's poller at one and the same moment.
type stoppedClock struct {
	poller.Poller
	now int64
}

func (c *stoppedClock) Now() int64 { return c.now }

func init() { exhaustedChildren["Starved"] = testStarved }

func TestServerStarved(t *testing.T) { exhaustedChild(t, "Starved") }

// testStarved: a descriptor that the server's own connections free is used at
// once. Clients that have given up must not cost the next one a second each.
func testStarved(t *testing.T) {
	p, err := poller.New()
	must(t, err)
	c := &crowd{t: t, loop: newLoop(t, engine.Config{Poller: &stoppedClock{p, p.Now()}})}
	c.reports = reportsOf(c.loop)
	c.server = serveHere(t, c.loop, echo, engine.ServerOptions{})
	c.clients = queued(t, c.server, 5)
	c.fill(1)
	c.turns(6)
	c.want(1, 1)
	for _, k := range c.clients[:4] {
		must(t, k.Close())
	}
	c.turns(100)
	c.want(5, 0)
	c.free(len(c.filler))
}
