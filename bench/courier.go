package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/bench/floor"
	"github.com/shardloop/shardloop/engine"
)

// crossPostScenario is posts/1 where who posts is a loop itself, and must not
// block. It makes half a window of posts in a callback; a post that comes back
// for each half that has run lets it make the next one.
func crossPostScenario() Scenario {
	return Scenario{
		Name:        "group/cross-post",
		Description: "post callbacks from one loop to another, at most 1,024 in flight",
		Params:      Params{"posts": 4 << 20},
		Quick:       Params{"posts": 1 << 20},
		Work:        "posts",
		Metrics:     []Metric{perPost, allocsPerPost},
		Place:       onAllCores,
		Sides: []Side{
			{Name: "engine", Kind: Engine, Run: engineCourier},
			{Name: "floor", Kind: Floor, Run: mailboxCourier},
			{Name: "channel", Kind: Peer, Run: channelCourier},
		},
	}
}

// courier is two goroutines, of which one posts to the other.
//
//	sender:    begin, or credit for a half: post another half while some are left
//	receiver:  count; give credit at the end of each half
type courier struct {
	meter
	half, each int64
	made, goal int64 // sender only
	ran, left  int64 // receiver only, but for begin
	done       chan struct{}

	post   func(n int64)      // posts arrivedArg n times to the receiver; sender only
	toSend func(fn func(any)) // posts fn to the sender
}

func newCourier(t Task) *courier {
	const half = inFlight / 2
	return &courier{half: half, each: max(t.Param("posts")/half, 2) * half, done: make(chan struct{})}
}

// measure posts everything twice, for warm-up and for the clock.
func (c *courier) measure() (Metrics, error) {
	c.pass()
	c.begin()
	c.pass()
	c.end()
	m := c.per(c.each)
	if m == nil {
		return nil, errors.New("no time passed")
	}
	return m, nil
}

// pass returns when the last callback has run. Credit that is left over from the
// pass before finds nothing to do.
func (c *courier) pass() {
	c.toSend(beginArg)
	<-c.done
}

// beginArg begins a pass, with both halves of the window.
func beginArg(arg any) {
	c := arg.(*courier)
	c.goal += c.each
	c.left = c.each
	creditArg(c)
	creditArg(c)
}

func creditArg(arg any) {
	if c := arg.(*courier); c.made < c.goal {
		c.made += c.half
		c.post(c.half)
	}
}

func arrivedArg(arg any) {
	c := arg.(*courier)
	if c.ran++; c.ran == c.half {
		c.ran = 0
		c.toSend(creditArg)
	}
	if c.left--; c.left == 0 {
		c.done <- struct{}{}
	}
}

func engineCourier(ctx context.Context, t Task) (m Metrics, err error) {
	g, err := engine.NewGroup(2, engine.Config{})
	if err != nil {
		return nil, err
	}
	defer func() {
		_, end := g.Shutdown(ctx)
		err = errors.Join(err, end)
	}()
	from, to := g.Loops()[0], g.Loops()[1]
	c := newCourier(t)
	c.toSend = func(fn func(any)) { _ = from.CallSoonThreadsafeArg(fn, c) }
	c.post = func(n int64) {
		for range n {
			_ = to.CallSoonThreadsafeArg(arrivedArg, c)
		}
	}
	if err := g.Start(); err != nil {
		return nil, err
	}
	return c.measure()
}

// mailboxCourier is two goroutines, each with a slice under a mutex.
func mailboxCourier(_ context.Context, t Task) (Metrics, error) {
	from, to := floor.NewMailbox(), floor.NewMailbox()
	c := newCourier(t)
	c.toSend = func(fn func(any)) { from.Post(fn, c) }
	c.post = func(n int64) {
		for range n {
			to.Post(arrivedArg, c)
		}
	}
	return c.between(from.Run, to.Run, func() { from.Close(); to.Close() })
}

// channelCourier is two goroutines, each with a buffered channel.
func channelCourier(_ context.Context, t Task) (Metrics, error) {
	from, to := make(chan entry, inFlight), make(chan entry, inFlight)
	c := newCourier(t)
	c.toSend = func(fn func(any)) { from <- entry{fn, c} }
	c.post = func(n int64) {
		for range n {
			to <- entry{arrivedArg, c}
		}
	}
	return c.between(func() { runQueue(from) }, func() { runQueue(to) }, func() { close(from); close(to) })
}

// between measures c on two goroutines that run until stop.
func (c *courier) between(sender, receiver, stop func()) (Metrics, error) {
	over := make(chan struct{}, 2)
	for _, run := range []func(){sender, receiver} {
		go func() {
			run()
			over <- struct{}{}
		}()
	}
	m, err := c.measure()
	stop()
	<-over
	<-over
	return m, err
}
