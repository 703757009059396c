package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

// countedTurns counts the turns of a script's loop: each begins with a poll or a
// wait.
type countedTurns struct {
	poller.Poller
	s *script
}

func (c *countedTurns) Poll() ([]poller.Event, error) {
	c.s.settle()
	c.s.turn++
	return c.Poller.Poll()
}

func (c *countedTurns) Wait(deadline int64, m poller.Mode) ([]poller.Event, error) {
	c.s.waited = true
	return c.Poller.Wait(deadline, m)
}

// subject is what a script can wait for and cancel.
type subject struct {
	engine.AnyAwaitable
	await   func(ctx context.Context) (string, error)
	waitFor func(ctx context.Context, d time.Duration) (string, error)
	shield  func() subject
}

func subjectOf[T any](a engine.Awaitable[T]) subject {
	show := func(v T, err error) (string, error) { return shown(v), err }
	return subject{
		AnyAwaitable: a,
		await:        func(ctx context.Context) (string, error) { return show(engine.Await(ctx, a)) },
		waitFor:      func(ctx context.Context, d time.Duration) (string, error) { return show(engine.WaitFor(ctx, a, d)) },
		shield:       func() subject { return subjectOf(engine.Shield(a)) },
	}
}

// shown is how a trace tells a value.
func shown(v any) string {
	outcomes, ok := v.([]engine.Outcome[string])
	if !ok {
		return fmt.Sprint(v)
	}
	list := make([]string, len(outcomes))
	for i, o := range outcomes {
		if list[i] = o.Value; o.Err != nil {
			list[i] = "!" + errorName(o.Err)
		}
	}
	return fmt.Sprint(list)
}

// errorName is how a trace tells an error.
func errorName(err error) string {
	switch {
	case errors.Is(err, engine.ErrCancelled):
		return "cancelled"
	case errors.Is(err, engine.ErrTimeout):
		return "timeout"
	}
	return wireError(err)
}

// actor is a task, a callback or a generator that runs its program.
type actor struct {
	*script
	name   string
	result string
	yield  func(string) bool
	defers [][]statement
}

var (
	errReturn = errors.New("return")
	errClosed = errors.New("closed")
)

func (s *script) spawn(name, program string, o engine.TaskOptions) *engine.Task[string] {
	o.Name = name
	t := engine.CreateTask(s.loop, func(ctx context.Context) (string, error) { return s.play(ctx, name, program) }, o)
	s.named[name] = subjectOf(t)
	return t
}

// play is the coroutine of a task.
func (s *script) play(ctx context.Context, name, program string) (string, error) {
	a := &actor{script: s, name: name, result: "ok"}
	err := a.body(ctx, program)
	if err != nil {
		s.log(name + "!" + errorName(err))
	}
	return a.result, err
}

func (s *script) call(name string) func() {
	return func() {
		for _, st := range s.programs[name].block {
			if st.words[0] == "raise" {
				panic(errors.New(st.words[1]))
			}
			(&actor{script: s, name: name}).sync(st.words)
		}
	}
}

func (s *script) gen(name string) *engine.AsyncGen[string] {
	if s.gens[name] == nil {
		s.gens[name] = engine.NewAsyncGen(s.loop, func(ctx context.Context, yield func(string) bool) error {
			err := (&actor{script: s, name: name, yield: yield}).body(ctx, name)
			if err == errClosed {
				err = nil
			}
			return err
		})
	}
	return s.gens[name]
}

// body runs a program and then what it deferred.
func (a *actor) body(ctx context.Context, program string) error {
	err := a.all(ctx, a.programs[program].block)
	if err == errReturn {
		err = nil
	}
	for i := len(a.defers) - 1; i >= 0; i-- {
		if failed := a.all(ctx, a.defers[i]); failed != nil {
			err = failed
		}
	}
	return err
}

func (a *actor) all(ctx context.Context, list []statement) error {
	for _, st := range list {
		if err := a.do(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// do runs one statement.
func (a *actor) do(ctx context.Context, st statement) error {
	if known, err := a.wire(ctx, st.words); known {
		return err
	}
	w := append(st.words, "", "")
	switch w[0] {
	case "try":
		err := a.do(ctx, statement{st.words[1:], st.block})
		if err != nil && err != errReturn {
			a.log(a.name + "!" + errorName(err))
			err = nil
		}
		return err
	case "sleep":
		return engine.Sleep(ctx, ms(w[1]))
	case "await":
		return a.got(a.named[w[1]].await(ctx))
	case "wait_for":
		return a.got(a.named[w[1]].waitFor(ctx, ms(w[2])))
	case "timeout":
		limited, cancel := engine.Timeout(ctx, ms(w[1]))
		defer cancel()
		return a.all(limited, st.block)
	case "repeat":
		return a.repeat(ctx, w[1], st.block)
	case "defer":
		a.defers = append(a.defers, st.block)
	case "return":
		a.result = w[1]
		return errReturn
	case "raise":
		return errors.New(w[1])
	default:
		return a.generate(ctx, w, st.block)
	}
	return nil
}

// got tells the value that a wait returned.
func (a *actor) got(v string, err error) error {
	if err == nil {
		a.log(a.name + "=" + v)
	}
	return err
}

func (a *actor) repeat(ctx context.Context, times string, block []statement) error {
	n, _ := strconv.Atoi(times)
	for range n {
		if err := a.all(ctx, block); err != nil {
			return err
		}
	}
	return nil
}

// generate has the statements of generators.
func (a *actor) generate(ctx context.Context, w []string, block []statement) error {
	switch w[0] {
	case "yield":
		if !a.yield(w[1]) {
			return errClosed
		}
	case "next":
		v, err := a.gen(w[1]).Next(ctx)
		if err == io.EOF {
			v, err = "end", nil
		}
		return a.got(v, err)
	case "close":
		return a.gen(w[1]).Close(ctx)
	case "for":
		for v, err := range a.gen(w[1]).All(ctx) {
			if err = a.got(v, err); err == nil {
				err = a.all(ctx, block)
			}
			if err != nil {
				return err
			}
		}
	default:
		a.sync(w)
	}
	return nil
}

// mustNotWait is the ctx of statements that have no task.
var mustNotWait context.Context

// sync has the statements that do not wait.
func (a *actor) sync(w []string) {
	last := strings.Fields(strings.Join(w, " ")) // without padding
	if known, err := a.wire(mustNotWait, last); known {
		must(a.t, err)
		return
	}
	switch w[0] {
	case "log":
		a.log(a.name + ":" + w[1])
	case "spawn", "eager":
		a.spawn(last[len(last)-1], w[1], engine.TaskOptions{Eager: w[0] == "eager"})
	case "cancel":
		if !a.named[w[1]].Cancel(nil) {
			a.log(a.name + ":late")
		}
	case "uncancel":
		a.log(a.name + ":left-" + strconv.Itoa(a.named[w[1]].AnyAwaitable.(engine.AnyTask).Uncancel()))
	case "cancelling":
		a.log(a.name + ":asked-" + strconv.Itoa(a.named[w[1]].AnyAwaitable.(engine.AnyTask).Cancelling()))
	case "state":
		a.log(a.name + ":" + stateOf(a.named[w[1]]))
	case "soon":
		a.loop.CallSoon(a.call(w[1]))
	case "later":
		a.loop.CallLater(ms(w[1]), a.call(w[2]))
	default:
		a.futures(last)
	}
}

// futures has the statements that make and end futures.
func (a *actor) futures(w []string) {
	future := func() *engine.Future[string] { return a.named[w[1]].AnyAwaitable.(*engine.Future[string]) }
	switch w[0] {
	case "future":
		a.named[w[1]] = subjectOf(engine.NewFuture[string](a.loop))
	case "set":
		a.ended(future().SetResult(w[2]))
	case "fail":
		a.ended(future().SetError(errors.New(w[2])))
	case "gather":
		a.named[w[1]] = subjectOf(engine.Gather(a.parts(w[2:])...))
	case "collect":
		a.named[w[1]] = subjectOf(engine.GatherResults(a.parts(w[2:])...))
	case "shield":
		a.named[w[1]] = a.named[w[2]].shield()
	case "done":
		switch x := a.named[w[1]].AnyAwaitable.(type) {
		case *engine.Future[string]:
			x.AddDoneCallback(func(*engine.Future[string]) { a.call(w[2])() })
		case *engine.Task[string]:
			x.AddDoneCallback(func(*engine.Task[string]) { a.call(w[2])() })
		}
	default:
		a.t.Errorf("no statement %q", w)
	}
}

// stateOf is how a trace tells whether something is done.
func stateOf(a engine.AnyAwaitable) string {
	switch {
	case a.Cancelled():
		return "cancelled"
	case a.Done():
		return "done"
	}
	return "pending"
}

// ended tells that a future was done already.
func (a *actor) ended(err error) {
	if err != nil {
		a.log(a.name + "!" + errorName(err))
	}
}

func (a *actor) parts(names []string) (list []engine.Awaitable[string]) {
	for _, n := range names {
		list = append(list, a.named[n].AnyAwaitable.(engine.Awaitable[string]))
	}
	return list
}

// ms reads a time in milliseconds.
func ms(text string) time.Duration {
	d, err := time.ParseDuration(text + "ms")
	if err != nil {
		panic(err)
	}
	return d
}
