package engine_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

var (
	// errReason is why something is cancelled in a test.
	errReason = errors.New("the reason")
	// errFails is what something fails with in a test.
	errFails = errors.New("it fails")
)

// chronicle is a simulated loop and a journal that tells in which turn of the
// loop things happened, from 1. What comes before the first turn has 0.
type chronicle struct {
	journal
	t     *testing.T
	l     *engine.Loop
	clock *simpoll.Poller
	now   int
}

func newChronicle(t *testing.T) *chronicle {
	t.Helper()
	l, p := simLoop(t)
	return &chronicle{t: t, l: l, clock: p}
}

// note writes down what happens.
func (c *chronicle) note(format string, args ...any) {
	c.add(fmt.Sprintf("%d ", c.now) + fmt.Sprintf(format, args...))
}

// turns runs the loop for n turns.
func (c *chronicle) turns(n int) {
	c.t.Helper()
	for range n {
		c.now++
		turn(c.t, c.l)
	}
}

// in calls fn in the turn of that number, ahead of what is scheduled later.
func (c *chronicle) in(number int, fn func()) {
	if number == c.now+1 {
		c.l.CallSoon(fn)
		return
	}
	c.l.CallSoon(func() { c.in(number, fn) })
}

// tells notes the end of an awaitable, in the turn of its done callbacks.
func (c *chronicle) tells(name string, a engine.Awaitable[int]) {
	told := func() { c.note("%s %s", name, outcomeOf(a)) }
	switch a := a.(type) {
	case *engine.Future[int]:
		a.AddDoneCallback(func(*engine.Future[int]) { told() })
	case *engine.Task[int]:
		a.AddDoneCallback(func(*engine.Task[int]) { told() })
	}
}

// task makes a task of fn, which returns no result.
func (c *chronicle) task(fn func(ctx context.Context) error) *engine.Task[int] {
	return newTask(c.l, fn)
}

// awaits makes a task that awaits a, notes the outcome and returns it.
func (c *chronicle) awaits(name string, a engine.Awaitable[int]) *engine.Task[int] {
	return engine.CreateTask(c.l, func(ctx context.Context) (int, error) {
		v, err := engine.Await(ctx, a)
		c.note("%s gets %s", name, resultText(v, err))
		return v, err
	}, engine.TaskOptions{Name: name})
}

// newTask makes a task of fn, whose result is 0.
func newTask(l *engine.Loop, fn func(ctx context.Context) error) *engine.Task[int] {
	return engine.CreateTask(l, func(ctx context.Context) (int, error) { return 0, fn(ctx) }, engine.TaskOptions{})
}

// runTask runs fn in a task of a loop that does not run, until its end.
func runTask(t *testing.T, l *engine.Loop, fn func(ctx context.Context)) {
	t.Helper()
	_, err := engine.RunUntilComplete(l, func(ctx context.Context) (int, error) { fn(ctx); return 0, nil })
	if err != nil {
		t.Errorf("the task: %v", err)
	}
}

// outcomeOf is the end of an awaitable in words.
func outcomeOf(a engine.Awaitable[int]) string {
	v, err := a.Result()
	if a.Cancelled() {
		return "is cancelled"
	}
	return "has " + resultText(v, err)
}

func resultText(v int, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(v)
}

// wantPending complains unless a is neither done nor cancelled.
func wantPending(t *testing.T, a engine.Awaitable[int]) {
	t.Helper()
	if a.Done() || a.Cancelled() {
		t.Errorf("%v is done", a)
	}
	_, err := a.Result()
	wantErr(t, "Result of what is pending", err, engine.ErrInvalidState)
	wantErr(t, "Err of what is pending", a.Err(), engine.ErrInvalidState)
}

// wantValue complains unless a has the result v.
func wantValue(t *testing.T, a engine.Awaitable[int], v int) {
	t.Helper()
	if got, err := a.Result(); !a.Done() || a.Cancelled() || got != v || err != nil {
		t.Errorf("%v has %d, %v, want %d", a, got, err, v)
	}
}

// wantFailed complains unless a has failed with err, and was not cancelled.
func wantFailed(t *testing.T, a engine.Awaitable[int], err error) {
	t.Helper()
	if !a.Done() || a.Cancelled() {
		t.Errorf("%v did not fail", a)
	}
	_, got := a.Result()
	wantErr(t, "Result of what failed", got, err)
	wantErr(t, "Err of what failed", a.Err(), err)
}

// wantCancelled complains unless a was cancelled for all of causes.
func wantCancelled(t *testing.T, a engine.AnyAwaitable, causes ...error) {
	t.Helper()
	if !a.Done() || !a.Cancelled() {
		t.Errorf("%v was not cancelled", a)
	}
	wantCancellation(t, a.Err(), causes...)
}

// wantCancellation complains unless err is of a cancellation for causes.
func wantCancellation(t *testing.T, err error, causes ...error) {
	t.Helper()
	for _, target := range append(causes, engine.ErrCancelled, context.Canceled) {
		wantErr(t, "a cancellation", err, target)
	}
}

// reported keeps what the exception handler of l is told.
func reported(l *engine.Loop) *[]engine.ErrorContext {
	var all []engine.ErrorContext
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { all = append(all, c) })
	return &all
}

// collectUntil runs the collector and the loop until enough is true.
func collectUntil(t *testing.T, l *engine.Loop, enough func() bool) {
	t.Helper()
	for !enough() {
		runtime.GC()
		turn(t, l)
	}
}

// messages are those of reports, sorted.
func messages(reports []engine.ErrorContext) []string {
	var all []string
	for _, c := range reports {
		all = append(all, c.Message)
	}
	slices.Sort(all)
	return all
}

// wantReports complains unless the reports have these messages, in any order.
func wantReports(t *testing.T, reports []engine.ErrorContext, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := messages(reports); !slices.Equal(got, want) {
		t.Errorf("reports %q, want %q", got, want)
	}
}

// sleepFor sleeps in a task and complains of an error.
func sleepFor(t *testing.T, ctx context.Context, d time.Duration) {
	t.Helper()
	if err := engine.Sleep(ctx, d); err != nil {
		t.Errorf("Sleep: %v", err)
	}
}

// wantSame complains unless got is want.
func wantSame(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
