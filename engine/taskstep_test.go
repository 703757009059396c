package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/gid"
)

// fates are what a task can do in its first step.
var fates = map[string]func(ctx context.Context, l *engine.Loop, j *journal) error{
	"return": func(context.Context, *engine.Loop, *journal) error { return nil },
	"fail":   func(context.Context, *engine.Loop, *journal) error { return errFails },
	"panic":  func(context.Context, *engine.Loop, *journal) error { panic(errFails) },
	"exit":   func(context.Context, *engine.Loop, *journal) error { runtime.Goexit(); return nil },
	"wait":   func(ctx context.Context, _ *engine.Loop, _ *journal) error { return engine.Sleep(ctx, 0) },
	"eager": func(_ context.Context, l *engine.Loop, j *journal) error {
		engine.CreateTask(l, func(context.Context) (int, error) { j.add("inner"); return 0, nil }, engine.TaskOptions{Eager: true})
		return nil
	},
	"eager, waits": func(_ context.Context, l *engine.Loop, j *journal) error {
		engine.CreateTask(l, func(ctx context.Context) (int, error) {
			j.add("inner")
			return 0, engine.Sleep(ctx, 0)
		}, engine.TaskOptions{Eager: true})
		return nil
	},
}

// TestTasksThatBeginInOneTurn: each has its own context, whatever the one before
// did, and nothing that was scheduled between two of them changes its place.
func TestTasksThatBeginInOneTurn(t *testing.T) {
	for name, fate := range fates {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
			var j journal
			var want []string
			for i := range 6 {
				numbered(t, l, &j, i, fate)
				want = append(want, fmt.Sprintf("task %d of %d and %d", i, i, i))
				if strings.HasPrefix(name, "eager") {
					want = append(want, "inner")
				}
				if i%3 == 2 {
					l.CallSoon(func() { j.add(fmt.Sprint("callback of ", numberOf(l.Context()))) })
					want = append(want, "callback of <nil>")
				}
			}
			turn(t, l)
			j.want(t, want...)
			turn(t, l)
			if left := engine.AllTasks(l); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
		})
	}
}

// numberKey is the key of a task's number in its context.
type numberKey struct{}

func numberOf(ctx context.Context) any { return ctx.Value(numberKey{}) }

// numbered makes a task that notes its number and those that its contexts have.
func numbered(t *testing.T, l *engine.Loop, j *journal, i int, fate func(context.Context, *engine.Loop, *journal) error) {
	ctx := context.WithValue(t.Context(), numberKey{}, i)
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) {
		j.add(fmt.Sprintf("task %d of %v and %v", i, numberOf(ctx), numberOf(l.Context())))
		return 0, fate(ctx, l, j)
	}, engine.TaskOptions{Context: ctx})
	task.AddDoneCallback(func(task *engine.Task[int]) { _ = task.Err() })
}

// TestTasksThatBeginWithoutTheLoop: a task that has ended hands its coroutine to the
// next that begins in the turn, which is therefore on the same goroutine; one that
// waits, was cancelled, or is under way does not take part.
func TestTasksThatBeginWithoutTheLoop(t *testing.T) {
	l := newLoop(t)
	var ran []uint64
	note := func(context.Context) error { ran = append(ran, uint64(gid.Current())); return nil }
	newTask(l, note)
	newTask(l, note)
	cancelled := newTask(l, note)
	cancelled.Cancel(nil)
	newTask(l, func(ctx context.Context) error {
		_ = note(ctx)
		err := engine.Sleep(ctx, 0)
		return errors.Join(err, note(ctx))
	})
	newTask(l, note)
	turn(t, l)
	if len(ran) != 4 || ran[1] != ran[0] || ran[3] == ran[2] || !cancelled.Cancelled() {
		t.Fatalf("the tasks ran on %x", ran)
	}
	turn(t, l)
	if len(ran) != 5 || ran[4] != ran[2] {
		t.Errorf("the task that had waited ran on %x", ran)
	}
}

// TestNoTaskBeginsWithinAnother: an eager task that ends at once goes back to the
// callback that made it, although tasks are next in the turn.
func TestNoTaskBeginsWithinAnother(t *testing.T) {
	l := newLoop(t)
	var j journal
	l.CallSoon(func() {
		engine.CreateTask(l, func(context.Context) (int, error) { j.add("eager"); return 0, nil }, engine.TaskOptions{Eager: true})
		j.add("callback")
	})
	newTask(l, func(context.Context) error { j.add("task"); return nil })
	turn(t, l)
	j.want(t, "eager", "callback", "task")
}

// TestNoTaskBeginsAtTheEnd: a coroutine that the loop's end unwinds takes no task
// of the turn that was cut short.
func TestNoTaskBeginsAtTheEnd(t *testing.T) {
	l := newLoop(t)
	l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
	var j journal
	newTask(l, func(ctx context.Context) error { return engine.Sleep(ctx, time.Hour) })
	turn(t, l)
	l.CallSoon(runtime.Goexit)
	newTask(l, func(context.Context) error { j.add("begun"); return nil })
	over := make(chan struct{})
	go func() { defer close(over); _ = l.RunForever() }()
	<-over
	must(t, l.Close())
	j.want(t)
}
