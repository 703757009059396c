package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// asyncGens are the generators of a loop that have begun and not ended. They
// belong to the loop.
type asyncGens struct {
	set  map[*asyncGen]uint64 // when they began
	last uint64
	shut bool
}

func (gs *asyncGens) add(l *Loop, g *asyncGen) {
	if gs.shut {
		l.log.Warn(fmt.Sprintf("asynchronous generator %v was begun after ShutdownAsyncGens", g))
	}
	if gs.set == nil {
		gs.set = make(map[*asyncGen]uint64)
	}
	gs.last++
	gs.set[g] = gs.last
}

func (gs *asyncGens) remove(g *asyncGen) { delete(gs.set, g) }

// open are the generators, in the order they began.
func (gs *asyncGens) open() []*asyncGen {
	out := make([]*asyncGen, 0, len(gs.set))
	for g := range gs.set {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *asyncGen) int { return cmp.Compare(gs.set[a], gs.set[b]) })
	return out
}

// ShutdownAsyncGens closes all generators that have begun and not ended, at the
// same time, and waits for them: shutdown_asyncgens. Their errors go to the
// exception handler. A generator that begins afterwards is a warning in the log.
// In a task it suspends the task; elsewhere it behaves as Await.
func (l *Loop) ShutdownAsyncGens(ctx context.Context) error {
	_, err := perform(ctx, l, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, l.shutdownAsyncGens(ctx)
	})
	return err
}

func (l *Loop) shutdownAsyncGens(ctx context.Context) error {
	if err := l.ended(); err != nil {
		return err
	}
	l.gens.shut = true
	var closing []*Task[struct{}]
	open := l.gens.open()
	for _, g := range open {
		closing = append(closing, CreateTask(l, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, g.close(ctx)
		}, TaskOptions{}))
	}
	results, err := Await(ctx, GatherResults(closing...))
	for i, r := range results {
		if r.Err != nil {
			l.CallExceptionHandler(ErrorContext{
				Message:  fmt.Sprintf("an error occurred during closing of asynchronous generator %v", open[i]),
				Err:      r.Err,
				AsyncGen: open[i].face,
			})
		}
	}
	return err
}

// Deadline is none: each wait has that of whoever drives the generator.
func (c *genContext) Deadline() (time.Time, bool) { return c.own.Deadline() }

// Done is closed when the body has ended.
func (c *genContext) Done() <-chan struct{} { return c.own.Done() }

// Err is nil before Done is closed.
func (c *genContext) Err() error { return c.own.Err() }

// Value finds the task that drives the generator, then what the first one had.
func (c *genContext) Value(key any) any {
	switch key {
	case taskKey{}:
		if t := c.gen.driver.Load(); t != nil {
			return t
		}
	case genKey{}:
		return c.gen
	}
	return c.own.Value(key)
}
