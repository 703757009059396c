package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestDoneCallbacks(t *testing.T) {
	prove(t, "FUT-09", func(t *testing.T) {
		for how, end := range futureEnds {
			c := newChronicle(t)
			f := engine.NewFuture[int](c.l)
			f.AddDoneCallback(func(g *engine.Future[int]) {
				c.note("callback")
				if g != f {
					t.Error("the callback got another future")
				}
				wantEnded(t, g, how)
			})
			c.in(1, func() { must(t, end(f)); c.note("ended") })
			c.in(1, func() { c.note("behind") })
			c.turns(3)
			c.want(t, "1 ended", "1 behind", "2 callback")
		}
	})
	prove(t, "FUT-10", func(t *testing.T) {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		for i := range 4 {
			f.AddDoneCallback(func(*engine.Future[int]) { c.note("%d", i) })
		}
		c.in(1, func() { must(t, f.SetResult(1)) })
		c.turns(4)
		c.want(t, "2 0", "2 1", "2 2", "2 3")
	})
	prove(t, "FUT-11", func(t *testing.T) {
		eachEnd(t, func(how string, f *engine.Future[int]) {
			c := &chronicle{t: t, l: f.Loop()}
			f.AddDoneCallback(func(g *engine.Future[int]) { c.note("callback"); wantEnded(t, g, how) })
			c.note("added")
			c.in(1, func() { c.note("behind") })
			c.turns(2)
			c.want(t, "0 added", "1 callback", "1 behind")
		})
	})
}

func TestDoneCallbackOrder(t *testing.T) {
	prove(t, "FUT-12", func(t *testing.T) {
		c := newChronicle(t)
		f := engine.NewFuture[int](c.l)
		f.AddDoneCallback(func(*engine.Future[int]) {
			c.note("first")
			f.AddDoneCallback(func(*engine.Future[int]) { c.note("added within") })
		})
		f.AddDoneCallback(func(*engine.Future[int]) { c.note("second") })
		c.in(1, func() { must(t, f.SetResult(1)) })
		c.turns(4)
		c.want(t, "2 first", "2 second", "3 added within")
	})
	prove(t, "FUT-13", testDoneCallbackContext)
	prove(t, "FUT-14", testRemoveDoneCallback)
}

type wordKey struct{}

// word is a context that has a value.
func word(w string) context.Context { return context.WithValue(context.Background(), wordKey{}, w) }

// wordOf is the value of the context that the loop runs a callback in.
func wordOf(l *engine.Loop) any { return l.Context().Value(wordKey{}) }

func testDoneCallbackContext(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	task := c.awaits("task", f)
	tell := func() { c.note("%v", wordOf(c.l)) }
	f.AddDoneCallback(func(*engine.Future[int]) { tell() })
	c.l.CallSoonContext(word("caller"), func() {
		f.AddDoneCallback(func(*engine.Future[int]) { tell() })
		f.AddDoneCallbackContext(word("given"), func(*engine.Future[int]) { tell() })
		task.AddDoneCallback(func(*engine.Task[int]) { tell() })
		task.AddDoneCallbackContext(word("given to the task"), func(*engine.Task[int]) { tell() })
	})
	c.l.CallSoonContext(word("another"), func() { must(t, f.SetResult(1)) })
	c.turns(3)
	c.want(t, "2 <nil>", "2 task gets 1", "2 caller", "2 given", "3 caller", "3 given to the task")
	c.l.CallSoonContext(word("late"), func() { f.AddDoneCallback(func(*engine.Future[int]) { tell() }) })
	c.turns(2)
	c.want(t, "5 late")
}

func testRemoveDoneCallback(t *testing.T) {
	c := newChronicle(t)
	f, other := engine.NewFuture[int](c.l), engine.NewFuture[int](c.l)
	var tokens []engine.DoneToken
	for i := range 5 {
		tokens = append(tokens, f.AddDoneCallback(func(*engine.Future[int]) { c.note("%d", i) }))
	}
	foreign := other.AddDoneCallback(func(*engine.Future[int]) {})
	for _, i := range []int{0, 2} {
		wantSame(t, "RemoveDoneCallback", f.RemoveDoneCallback(tokens[i]), true)
		wantSame(t, "a second RemoveDoneCallback", f.RemoveDoneCallback(tokens[i]), false)
	}
	wantSame(t, "RemoveDoneCallback of another future's", f.RemoveDoneCallback(foreign), false)
	wantSame(t, "RemoveDoneCallback of the zero token", f.RemoveDoneCallback(engine.DoneToken{}), false)
	c.in(1, func() {
		must(t, f.SetResult(1))
		wantSame(t, "RemoveDoneCallback of what is scheduled", f.RemoveDoneCallback(tokens[1]), false)
	})
	c.turns(2)
	c.want(t, "2 1", "2 3", "2 4")
	must(t, other.SetResult(1))
	wantSame(t, "RemoveDoneCallback after the end", other.RemoveDoneCallback(foreign), false)
}

// TestRemoveAllAndAdd: the place of the first callback is free again, and the
// order stays that of the calls.
func TestRemoveAllAndAdd(t *testing.T) {
	c := newChronicle(t)
	f := engine.NewFuture[int](c.l)
	add := func(name string) engine.DoneToken {
		return f.AddDoneCallback(func(*engine.Future[int]) { c.note("%s", name) })
	}
	first, second := add("first"), add("second")
	f.RemoveDoneCallback(first)
	third := add("third")
	f.RemoveDoneCallback(second)
	f.RemoveDoneCallback(third)
	add("fourth")
	add("fifth")
	must(t, f.SetResult(1))
	c.turns(2)
	c.want(t, "1 fourth", "1 fifth")
}

func TestDoneCallbackPanics(t *testing.T) {
	prove(t, "FUT-15", func(t *testing.T) {
		c := newChronicle(t)
		reports := reported(c.l)
		f := engine.NewFuture[int](c.l)
		f.AddDoneCallback(func(*engine.Future[int]) { panic(errFails) })
		f.AddDoneCallback(func(*engine.Future[int]) { c.note("second") })
		c.awaits("task", f)
		c.turns(1)
		must(t, f.SetResult(1))
		c.turns(2)
		c.want(t, "2 second", "2 task gets 1")
		if len(*reports) != 1 || !errors.Is((*reports)[0].Err, errFails) || (*reports)[0].Handle == nil {
			t.Errorf("reports %v", *reports)
		}
		wantValue(t, f, 1)
	})
	prove(t, "FUT-18", testCompleteAnywhere)
}

// testCompleteAnywhere: Complete is for every goroutine; of many the first wins,
// and the callbacks run on the loop.
func testCompleteAnywhere(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	f, failed := engine.NewFuture[int](l), engine.NewFuture[int](l)
	got := make(chan string, 2)
	onLoop(t, l, func() {
		f.AddDoneCallback(func(f *engine.Future[int]) {
			here, err := engine.RunningLoop()
			got <- fmt.Sprintf("%s on its loop: %t, %v", outcomeOf(f), here == l, err)
		})
		failed.AddDoneCallback(func(f *engine.Future[int]) { got <- outcomeOf(f) })
	})
	for range 8 {
		go func() {
			if f.Complete(5, nil) == nil {
				_ = failed.Complete(9, errFails)
			}
		}()
	}
	one, other := <-got, <-got
	if one != "has 5 on its loop: true, <nil>" {
		one, other = other, one
	}
	wantSame(t, "a result from outside", one, "has 5 on its loop: true, <nil>")
	wantSame(t, "an error from outside", other, "has it fails")
	l.SetDebug(true)
	wantErr(t, "SetResult from outside", f.SetResult(1), engine.ErrWrongThread)
	wantErr(t, "SetError from outside", f.SetError(errFails), engine.ErrWrongThread)
	l.SetDebug(false)
}

// TestCallbacksFromOutside: in debug mode a foreign goroutine is found out.
func TestCallbacksFromOutside(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	l.SetDebug(true)
	f := engine.NewFuture[int](l)
	task := engine.CreateTask(l, func(context.Context) (int, error) { return 0, nil }, engine.TaskOptions{})
	wantFailed(t, task, engine.ErrWrongThread)
	wantErr(t, "SetTaskFactory", l.SetTaskFactory(nil), engine.ErrWrongThread)
	wantErr(t, "Go", engine.Go(l, func(context.Context) error { return nil }), engine.ErrWrongThread)
	defer func() {
		err, _ := recover().(error)
		wantErr(t, "AddDoneCallback panics", err, engine.ErrWrongThread)
		onLoop(t, l, func() { must(t, f.SetResult(1)) })
	}()
	f.AddDoneCallback(func(*engine.Future[int]) {})
}
