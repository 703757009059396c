package bench

import (
	"context"
	"errors"
	"sync"

	"github.com/shardloop/shardloop/bench/floor"
	"github.com/shardloop/shardloop/engine"
)

// awaitScenarios measure a round trip: a task suspends, and goes on in a later
// turn. Of many tasks in one turn the coroutine is what costs, of a lone one the
// poll.
func awaitScenarios() []Scenario {
	many := Params{"size": 1000, "rounds": 1000, "script_rounds": 50}
	quick := Params{"rounds": 300, "script_rounds": 10}
	metrics := []Metric{perTrip, allocsPerTrip}
	return []Scenario{
		{
			Name:        "tasks/await-1000",
			Description: "1,000 tasks that Sleep(ctx, 0) again and again: a round trip",
			Params:      many, Quick: quick, Metrics: metrics,
			Sides: []Side{
				{Name: "engine", Kind: Engine, Run: engineSleeps},
				{Name: "pull", Kind: Floor, Run: pulls},
				{Name: "channel", Kind: Peer, Run: channelPairs},
			},
		},
		{
			Name:        "tasks/await-alone",
			Description: "a lone task that does Sleep(ctx, 0) again and again: one poll for each",
			Params:      Params{"size": 1, "rounds": 300_000, "script_rounds": 20_000},
			Quick:       Params{"rounds": 100_000, "script_rounds": 5_000},
			Metrics:     metrics,
			Sides: []Side{
				{Name: "engine", Kind: Engine, Run: engineSleeps},
				polledPulls,
				{Name: "channel", Kind: Peer, Run: channelPairs},
			},
		},
		{
			Name:        "tasks/await-future",
			Description: "1,000 tasks that each await a future of their own, which a callback completes: a round trip",
			Params:      many, Quick: quick, Metrics: metrics,
			Sides: []Side{
				{Name: "engine", Kind: Engine, Run: engineFutures},
				{Name: "channel", Kind: Peer, Run: channelFutures},
			},
		},
	}
}

// pack is the tasks of a relay, of which the first one counts the laps. In a lap
// each task makes one trip.
type pack struct {
	*relay
	loop *engine.Loop
	left int64 // tasks that have not ended
	over bool
	err  error
}

// runPack runs a relay of tasks that each make trips as long as goes says so.
func runPack(ctx context.Context, t Task, trips func(ctx context.Context, p *pack, lead bool) error) (Metrics, error) {
	p := &pack{relay: newRelay(t)}
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		p.loop, p.left = l, p.size
		for i := range p.size {
			engine.CreateTask(l, func(ctx context.Context) (struct{}, error) {
				p.ended(trips(ctx, p, i == 0))
				return struct{}{}, nil
			}, engine.TaskOptions{})
		}
		return nil
	})
	return p.metrics(), errors.Join(p.err, err)
}

// goes tells whether a task makes another trip.
func (p *pack) goes(lead bool) bool {
	if lead && !p.over {
		p.over = !p.more()
	}
	return !p.over
}

// ended counts the tasks that have come home. One that fails ends the others.
func (p *pack) ended(err error) {
	if err != nil {
		p.over, p.err = true, err
	}
	if p.left--; p.left == 0 {
		p.loop.Stop()
	}
}

func engineSleeps(ctx context.Context, t Task) (Metrics, error) {
	return runPack(ctx, t, func(ctx context.Context, p *pack, lead bool) error {
		for p.goes(lead) {
			if err := engine.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

func engineFutures(ctx context.Context, t Task) (Metrics, error) {
	return runPack(ctx, t, func(ctx context.Context, p *pack, lead bool) error {
		for p.goes(lead) {
			f := engine.NewFuture[struct{}](p.loop)
			_ = p.loop.CallSoonArg(completeArg, f)
			if _, err := engine.Await(ctx, f); err != nil {
				return err
			}
		}
		return nil
	})
}

func completeArg(arg any) { _ = arg.(*engine.Future[struct{}]).SetResult(struct{}{}) }

// pulls is coroutines that are resumed in turn, and nothing besides.
func pulls(_ context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	all := newPulls(r.size)
	for r.more() {
		for _, p := range all {
			p.Next()
		}
	}
	closePulls(all)
	return r.metrics(), nil
}

func newPulls(n int64) []*floor.Pull {
	all := make([]*floor.Pull, n)
	for i := range all {
		all[i] = floor.NewPull()
	}
	return all
}

func closePulls(all []*floor.Pull) {
	for _, p := range all {
		p.Close()
	}
}

// channelPair is a coroutine made of a goroutine: one channel to resume it and
// one on which it tells that it suspends.
type channelPair struct{ resume, yield chan struct{} }

func (c channelPair) live() {
	for range c.resume {
		c.yield <- struct{}{}
	}
}

func channelPairs(_ context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	all := make([]channelPair, r.size)
	var living sync.WaitGroup
	for i := range all {
		all[i] = channelPair{make(chan struct{}), make(chan struct{})}
		living.Go(all[i].live)
	}
	for r.more() {
		for _, c := range all {
			c.resume <- struct{}{}
			<-c.yield
		}
	}
	for _, c := range all {
		close(c.resume)
	}
	living.Wait()
	return r.metrics(), nil
}

// channelFutures is goroutines that each wait on a channel of their own, made
// for the one answer, and a goroutine that answers all.
func channelFutures(_ context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	questions := make(chan chan struct{}, r.size)
	var asking sync.WaitGroup
	for range r.size {
		asking.Go(func() {
			for range r.laps {
				answer := make(chan struct{}, 1)
				questions <- answer
				<-answer
			}
		})
	}
	for r.more() {
		for range r.size {
			answer := <-questions
			answer <- struct{}{}
		}
	}
	asking.Wait()
	return r.metrics(), nil
}
