package servers

import (
	"errors"
	"slices"
	"sync"

	"github.com/shardloop/shardloop/engine"
)

// across is the connections of the role across, where a command has the loop that
// it came in on post to the connections of the other loops.
type across struct {
	group *engine.Group

	mu         sync.Mutex
	transports []engine.Transport // guarded by mu
}

func newAcross(g *engine.Group) engine.ProtocolFactory {
	a := &across{group: g}
	return func() engine.Protocol { return &acrossConn{placed: placed{group: g}, all: a} }
}

// elsewhere is the connections of other loops.
func (a *across) elsewhere(here *engine.Loop) []engine.Transport {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(a.transports), func(t engine.Transport) bool { return t.Loop() == here })
}

// acrossConn is a connection of it.
type acrossConn struct {
	placed
	all *across
}

func (c *acrossConn) ConnectionMade(t engine.Transport) {
	c.placed.ConnectionMade(t)
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.all.transports = append(c.all.transports, t)
}

func (c *acrossConn) DataReceived(b []byte) {
	n, yes := Commanded(b)
	if !yes || Asked(b) {
		c.placed.DataReceived(b)
		return
	}
	here := c.transport.Loop()
	runErrand(&errand{loop: here, to: c.all.elsewhere(here), wanted: n})
}

// errand is messages that a loop posts, some in each turn.
type errand struct {
	loop         *engine.Loop
	to           []engine.Transport
	made, wanted int64
	message      [PostSize]byte
}

// errandTurn is how many messages a turn may post.
const errandTurn = 1024

// run posts until the turn has had its share, or a connection its high mark, and
// goes on in the next one.
func (e *errand) run() {
	if len(e.to) == 0 {
		return // the client tells
	}
	for range errandTurn {
		if e.made == e.wanted {
			return
		}
		Post(e.message[:], e.made)
		err := e.to[e.made%int64(len(e.to))].Post(e.message[:])
		if errors.Is(err, engine.ErrWouldBlock) {
			break
		}
		e.made++
	}
	_ = e.loop.CallSoonArg(runErrand, e) // the loop runs
}

func runErrand(arg any) { arg.(*errand).run() }
