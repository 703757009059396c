package coro

import (
	"errors"
	"iter"

	"github.com/shardloop/shardloop/internal/gid"
)

// Coro is a coroutine: a function that can stop in its middle and go on later,
// on a goroutine of its own that runs only while somebody resumes it.
//
//	           Get                  Resume, first
//	idle ---------------> ready ------------------> running
//	 ^                                  Suspend    |  ^  |
//	 |                            +----------------+  |  |
//	 |                            v        Resume     |  |
//	 |                        suspended --------------+  |
//	 +------------- the body returns --------------------+
//
// A body that ends by runtime.Goexit takes the goroutine with it; Resume returns
// as for one that returned. A body that panics ends the process.
//
// Resume and Get belong to the pool's owner, one goroutine or one of the
// coroutines it is resuming; Suspend belongs to the body. Both are small enough for
// the compiler to put them into their callers: behind a switch the processor has
// the return addresses of the other side, so each call that has to return costs
// some 10 ns.
type Coro struct {
	pool  *Pool
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	self  gid.ID // of the coroutine's goroutine, which is the same for all bodies

	body  Body
	state state
	index int // among the pool's; -1 when it was ended
}

// Body is what a coroutine runs.
type Body interface{ Run() }

type state uint8

// What a Resume has come to. Before the first it says nothing.
const (
	suspended state = iota
	returned
	exited
)

// errForeign is the panic of a Check before a Suspend that nothing can make up
// for: the goroutine that called it would go on beside the loop.
var errForeign = errors.New("coro: Suspend on another goroutine than the coroutine's own")

// newCoro makes the goroutine, which runs no body yet.
func newCoro(p *Pool) *Coro {
	c := &Coro{pool: p}
	c.next, c.stop = iter.Pull(c.live)
	c.next()
	return c
}

// live is the goroutine: one body after the other, until the pool has enough.
func (c *Coro) live(yield func(struct{}) bool) {
	c.self, c.yield = gid.Current(), yield
	if c.pool.Born != nil {
		c.pool.Born()
		defer c.pool.Gone()
	}
	for yield(struct{}{}) && c.run() {
	}
}

// run runs the body and reports whether another may follow. A body that ends by
// Goexit yields a last time in the middle of its unwinding, so that whoever
// resumed it goes on as if it had returned; the rest of the unwinding is the
// reaper's.
func (c *Coro) run() bool {
	c.state = exited
	defer func() {
		if c.state == exited {
			c.pool.exited(c)
			c.yield(struct{}{})
		}
	}()
	c.body.Run()
	c.state = returned
	return c.pool.returned(c)
}

// ID is the identity of the coroutine's goroutine. It stays the same for all
// bodies.
func (c *Coro) ID() gid.ID { return c.self }

// Resume runs the body until it suspends or ends, and reports whether it
// suspended. After the end the coroutine is the pool's again.
func (c *Coro) Resume() bool {
	c.next()
	return c.state == suspended
}

// Stop ends a suspended coroutine before its pool does: Suspend returns false to
// the body, which has to end. A body that ends by Goexit takes the caller with
// it.
func (c *Coro) Stop() {
	if c.index >= 0 {
		c.pool.forget(c)
		c.stop()
	}
}

// Check panics on another goroutine than the coroutine's own. Whoever does not
// know where it runs calls it before Suspend.
func (c *Coro) Check() {
	if gid.Current() != c.self {
		panic(errForeign)
	}
}

// Suspend stops the body until the next Resume. It reports false, at once from
// then on, when there will be none: the pool was closed, and the body has to
// end. It has to be called on the coroutine's own goroutine, and does not look.
func (c *Coro) Suspend() bool {
	c.state = suspended
	resumed := c.yield(struct{}{})
	c.state = exited
	return resumed
}
