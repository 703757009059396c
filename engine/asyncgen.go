package engine

import (
	"cmp"
	"context"
	"io"
	"iter"
	"sync/atomic"

	"github.com/shardloop/shardloop/engine/internal/coro"
)

// AsyncGen is an iterator whose body may wait: Python's asynchronous generator.
// The body runs in the task that asks for the next value, whichever that is: its
// ctx names that task, its waits suspend it and are cancelled with it. The ctx is
// Done when the body has ended, and carries the values of the first of those
// tasks.
//
//	         Next                yield
//	created ------> running ------------------> suspended
//	   |               ^  |        Next, Close      |
//	   |               |  |  <----------------------+
//	   | Close         |  +--- the body returns ---> closed
//	   +---------------------------------------------^
//
// A generator that was begun has to be closed, or read to its end; range over
// All closes it, and ShutdownAsyncGens closes those that are left.
type AsyncGen[T any] struct {
	asyncGen
	body  func(ctx context.Context, yield func(T) bool) error
	value T
}

// asyncGen is what generators of all types have in common.
type asyncGen struct {
	loop    *Loop
	face    any // the generator as its users see it
	state   genState
	coro    *coro.Coro
	run     func() error // the body
	ctx     *genContext
	via     context.Context      // what the caller of Next or Close waits with
	driver  atomic.Pointer[task] // the task that runs the body
	yielded bool
	closing bool
	err     error
}

type genState uint8

const (
	genCreated genState = iota
	genSuspended
	genRunning
	genClosed
)

func (s genState) String() string {
	return [...]string{"created", "suspended", "running", "closed"}[s]
}

// NewAsyncGen makes a generator of body, which does not run before the first
// Next. yield hands a value to whoever asked for it; when it returns false, the
// generator was closed, and the body has to return. A nil body is refused by
// Next, with an *ArgError.
func NewAsyncGen[T any](l *Loop, body func(ctx context.Context, yield func(T) bool) error) *AsyncGen[T] {
	g := &AsyncGen[T]{asyncGen: asyncGen{loop: l}, body: body}
	g.face = g
	g.run = func() error { return g.body(g.ctx, g.yield) }
	return g
}

// yield is called by the body, on whose coroutine it has to be.
func (g *AsyncGen[T]) yield(v T) bool {
	if g.closing || g.state != genRunning {
		return false
	}
	g.coro.Check()
	g.value, g.yielded = v, true
	return g.coro.Suspend() && !g.closing
}

// Next is the next value: __anext__. After the last one it is io.EOF; an error
// or a panic of the body is told once before that. It fails with
// ErrAsyncGenRunning while another call is under way. In a task it suspends the
// task as the body does; elsewhere it behaves as Await.
func (g *AsyncGen[T]) Next(ctx context.Context) (v T, err error) {
	return perform(ctx, g.loop, func(ctx context.Context) (v T, err error) {
		if err := g.next(ctx, g.body == nil); err != nil {
			return v, err
		}
		return g.value, nil
	})
}

// All ranges over the values: async for. An error comes last, with a zero value.
// The generator is closed when the range ends.
func (g *AsyncGen[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		defer g.Close(ctx)
		for {
			v, err := g.Next(ctx)
			if err == io.EOF || !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the generator: aclose. A body that has begun sees yield return
// false, and what it returns is the error, if any. A second Close does nothing.
// It fails, and waits, as Next does.
func (g *asyncGen) Close(ctx context.Context) error {
	_, err := perform(ctx, g.loop, func(ctx context.Context) (struct{}, error) { return struct{}{}, g.close(ctx) })
	return err
}

// String shows the state.
func (g *asyncGen) String() string { return "<AsyncGen " + g.state.String() + ">" }

func (g *asyncGen) next(ctx context.Context, missing bool) error {
	switch g.state {
	case genRunning:
		return ErrAsyncGenRunning
	case genClosed:
		return io.EOF
	case genCreated:
		if err := cmp.Or(checkFunc(missing), g.loop.ended()); err != nil {
			return err
		}
		g.begin(ctx)
	}
	if err := g.drive(ctx); err != nil || g.yielded {
		g.yielded = false
		return err
	}
	return io.EOF
}

func (g *asyncGen) close(ctx context.Context) error {
	switch g.state {
	case genRunning:
		return ErrAsyncGenRunning
	case genCreated:
		g.state = genClosed
	case genSuspended:
		g.closing = true
		return g.drive(ctx)
	}
	return nil
}

// begin gives the generator its coroutine.
func (g *asyncGen) begin(ctx context.Context) {
	g.ctx = &genContext{newOwnContext(taskOf(ctx).base), g}
	g.coro = g.loop.coros.Get((*genBody)(g))
	g.loop.gens.add(g.loop, g)
}

// genBody is a generator as the body of its coroutine.
type genBody asyncGen

// Run runs the generator's function.
func (b *genBody) Run() {
	g := (*asyncGen)(b)
	g.err = ErrTaskExited
	defer func() {
		if g.err == ErrTaskExited {
			if v := recover(); v != nil {
				g.err = panicError(v)
			}
		}
		g.end()
	}()
	g.err = g.run()
}

func (g *asyncGen) end() {
	g.state = genClosed
	g.ctx.own.end(ErrTaskEnded)
	g.loop.gens.remove(g)
}

// drive runs the body in the task of ctx until it yields or ends. What the body
// waits for suspends the task: the generator's coroutine suspends on top of the
// task's, and then the task's suspends.
func (g *asyncGen) drive(ctx context.Context) error {
	t := taskOf(ctx)
	below := t.top()
	g.via, g.state = ctx, genRunning
	g.driver.Store(t)
	defer g.driver.Store(nil)
	for {
		t.mount(g.coro)
		waits := g.coro.Resume()
		t.mount(below)
		if !waits {
			return g.err
		}
		if g.yielded {
			break
		}
		below.Check()
		if !below.Suspend() {
			t.unwind(g.coro, below)
			return g.loop.r.Refused()
		}
	}
	g.state = genSuspended
	return nil
}

// genContext is the ctx of a generator's body. The task that it names changes
// with the caller.
type genContext struct {
	own *ownContext
	gen *asyncGen
}

// genKey is the key of the innermost generator of a context.
type genKey struct{}
