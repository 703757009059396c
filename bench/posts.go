package bench

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/shardloop/shardloop/bench/floor"
	"github.com/shardloop/shardloop/engine"
)

var (
	perPost       = Metric{Name: "time", Unit: "ns/post"}
	allocsPerPost = Metric{Name: "allocs", Unit: "allocs/post"}
)

// inFlight is how many posts may have been made and not have run, of all
// producers together.
const inFlight = 1024

// postScenarios measure callbacks that come from other goroutines: the wall
// time until the last has run. Producers and loop run at the same time, so both
// cores are theirs (GOMAXPROCS 2): on one core a mailbox would never be shared.
//
// Each producer owns an equal part of the window and refills it in halves, by a
// token from the loop: it blocks, as a real producer would on its own
// back-pressure, and spins on nothing.
func postScenarios() []Scenario {
	var out []Scenario
	for _, producers := range []int64{1, 2, 8} {
		name := strconv.FormatInt(producers, 10)
		out = append(out, Scenario{
			Name:        "posts/" + name,
			Description: "post callbacks from " + name + " other goroutines, at most 1,024 in flight",
			Params:      Params{"producers": producers, "posts": 4 << 20, "script_posts": 32 << 10},
			Quick:       Params{"posts": 1 << 20},
			Work:        "posts",
			Metrics:     []Metric{perPost, allocsPerPost},
			Place:       onAllCores,
			Sides: slices.Concat([]Side{
				{Name: "engine", Kind: Engine, Run: enginePosts},
				{Name: "floor", Kind: Floor, Run: mailboxPosts},
				{Name: "channel", Kind: Peer, Run: channelPosts},
			}, pythonPeers("posts")),
		})
	}
	return out
}

// burst posts postedArg with the argument p, n times. It is a side's own loop, so
// that no call through a function value stands between the side and its cost.
type burst func(p *producer, n int64)

// producer is one posting goroutine. Its window is in two halves: a token in
// credit is the right to post one half.
//
//	goroutine: take a token, post half a window, again
//	loop:      count; at the end of each half give the token back
type producer struct {
	crowd  *crowd
	half   int64
	credit chan struct{}
	ran    int64 // loop only
	left   int64 // loop only
}

// crowd is all producers of one sample.
type crowd struct {
	meter
	producers []*producer
	each      int64 // posts of one producer, a multiple of half
	left      int   // producers not done; loop only
	done      chan struct{}
}

func newCrowd(t Task) *crowd {
	n := t.Param("producers")
	half := inFlight / n / 2
	c := &crowd{each: max(t.Param("posts")/n/half, 1) * half, done: make(chan struct{})}
	for range n {
		c.producers = append(c.producers, &producer{crowd: c, half: half, credit: make(chan struct{}, 2)})
	}
	return c
}

// measure posts everything twice, for warm-up and for the clock.
func (c *crowd) measure(post burst) Metrics {
	c.pass(post)
	c.begin()
	c.pass(post)
	c.end()
	return c.per(c.each * int64(len(c.producers)))
}

// pass returns when the last callback has run.
func (c *crowd) pass(post burst) {
	c.left = len(c.producers)
	for _, p := range c.producers {
		p.left = c.each
		p.credit <- struct{}{}
		p.credit <- struct{}{}
		go p.post(post)
	}
	<-c.done
	for _, p := range c.producers {
		<-p.credit
		<-p.credit
	}
}

func (p *producer) post(post burst) {
	for range p.crowd.each / p.half {
		<-p.credit
		post(p, p.half)
	}
}

func postedArg(arg any) { arg.(*producer).posted() }

func (p *producer) posted() {
	p.left--
	if p.ran++; p.ran == p.half {
		p.ran = 0
		p.credit <- struct{}{} // has room: this half's token was taken
	}
	if p.left == 0 {
		p.crowd.over()
	}
}

func (c *crowd) over() {
	if c.left--; c.left == 0 {
		c.done <- struct{}{}
	}
}

func enginePosts(ctx context.Context, t Task) (Metrics, error) {
	c := newCrowd(t)
	var m Metrics
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		go func() {
			m = c.measure(func(p *producer, n int64) {
				for range n {
					_ = l.CallSoonThreadsafeArg(postedArg, p)
				}
			})
			l.Stop()
		}()
		return nil
	})
	return m, err
}

// mailboxPosts is a slice under a mutex, swapped by a goroutine.
func mailboxPosts(_ context.Context, t Task) (Metrics, error) {
	box := floor.NewMailbox()
	post := func(p *producer, n int64) {
		for range n {
			box.Post(postedArg, p)
		}
	}
	return consumed(newCrowd(t), post, box.Run, box.Close)
}

// channelPosts is a buffered channel that a goroutine ranges over.
func channelPosts(_ context.Context, t Task) (Metrics, error) {
	queue := make(chan entry, inFlight)
	post := func(p *producer, n int64) {
		for range n {
			queue <- entry{postedArg, p}
		}
	}
	return consumed(newCrowd(t), post, func() { runQueue(queue) }, func() { close(queue) })
}

// consumed measures c against a goroutine that runs until stop.
func consumed(c *crowd, post burst, run, stop func()) (Metrics, error) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		run()
	}()
	m := c.measure(post)
	stop()
	<-over
	if m == nil {
		return nil, errors.New("no time passed")
	}
	return m, nil
}
