package engine_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// counter is a generator of 1, 2, 3 and so on, which calls over when it is
// closed, and returns its error.
func counter(l *engine.Loop, over func(ctx context.Context) error) *engine.AsyncGen[int] {
	return engine.NewAsyncGen(l, func(ctx context.Context, yield func(int) bool) error {
		for i := 1; yield(i); i++ {
		}
		return over(ctx)
	})
}

// begun asks generators for their first value.
func begun(t *testing.T, ctx context.Context, gens ...*engine.AsyncGen[int]) {
	t.Helper()
	for _, g := range gens {
		if v, err := g.Next(ctx); v != 1 || err != nil {
			t.Errorf("Next = %d, %v", v, err)
		}
	}
}

// inTask runs fn in a task.
func inTask(t *testing.T, l *engine.Loop, fn func(ctx context.Context)) {
	t.Helper()
	_, err := engine.RunUntilComplete(l, func(ctx context.Context) (noValue, error) { fn(ctx); return noValue{}, nil })
	if err != nil {
		t.Errorf("the task: %v", err)
	}
}

func TestShutdownAsyncGens(t *testing.T) {
	prove(t, "RUN-33", func(t *testing.T) {
		log := &lines{}
		l := newLoop(t, engine.Config{Logger: log.logger()})
		inTask(t, l, func(ctx context.Context) {
			before, after := counter(l, noError), counter(l, noError)
			begun(t, ctx, before)
			must(t, l.ShutdownAsyncGens(ctx))
			if log.has("level=WARN") {
				t.Error("a warning of a generator that began before")
			}
			begun(t, ctx, after) // it works all the same
			if !log.has("level=WARN") || !log.has("begun after ShutdownAsyncGens") {
				t.Error("there is no warning of a generator that began after")
			}
			must(t, after.Close(ctx))
		})
	})
	prove(t, "RUN-34", testClosesAll)
	prove(t, "RUN-35", testClosesAllTheSame)
}

func noError(context.Context) error { return nil }

// testClosesAll: with nothing to close it takes no turn; the clean-ups of all
// that is open run side by side, in the order the generators began.
func testClosesAll(t *testing.T) {
	l := newLoop(t)
	var j journal
	inTask(t, l, func(ctx context.Context) {
		l.CallSoon(j.adds("next turn"))
		must(t, l.ShutdownAsyncGens(ctx))
		j.want(t)
		must(t, engine.Sleep(ctx, 0))
		j.want(t, "next turn")
		slow := func(name string) *engine.AsyncGen[int] {
			return counter(l, func(ctx context.Context) error {
				j.add(name + " begins")
				err := engine.Sleep(ctx, 0)
				j.add(name + " ends")
				return err
			})
		}
		a, b, fresh, over := slow("a"), slow("b"), slow("fresh"), counter(l, noError)
		begun(t, ctx, b, a, over)
		must(t, over.Close(ctx))
		must(t, l.ShutdownAsyncGens(ctx))
		j.want(t, "b begins", "a begins", "b ends", "a ends")
		if _, err := a.Next(ctx); err != io.EOF {
			t.Errorf("a closed generator gives %v", err)
		}
		if s := fresh.String(); !strings.Contains(s, "created") {
			t.Errorf("a generator that never began is %s", s)
		}
	})
}

// testClosesAllTheSame: an error of one is told to the handler, and the others
// are closed.
func testClosesAllTheSame(t *testing.T) {
	l := newLoop(t)
	told, broken := reports(l), errors.New("broken")
	var j journal
	inTask(t, l, func(ctx context.Context) {
		bad := counter(l, func(context.Context) error { return broken })
		worse := counter(l, func(context.Context) error { panic("worse") })
		good := counter(l, func(context.Context) error { j.add("good is closed"); return nil })
		begun(t, ctx, bad, worse, good)
		must(t, l.ShutdownAsyncGens(ctx))
		j.want(t, "good is closed")
		if len(*told) != 2 {
			t.Fatalf("the handler was told %d times: %v", len(*told), *told)
		}
		c := (*told)[0]
		if !strings.Contains(c.Message, "closing of asynchronous generator") || c.Err != broken || !isGen(c.AsyncGen, bad) {
			t.Errorf("the report is %v, of %v", c, c.Err)
		}
		var p *engine.PanicError
		if c := (*told)[1]; !errors.As(c.Err, &p) || p.Value != "worse" || !isGen(c.AsyncGen, worse) {
			t.Errorf("the second report is %v, of %v", c, c.Err)
		}
	})
}

// isGen reports whether a report names the generator itself.
func isGen(named any, g *engine.AsyncGen[int]) bool {
	v := reflect.ValueOf(named)
	return v.Kind() == reflect.Pointer && v.Pointer() == reflect.ValueOf(g).Pointer()
}

// TestShutdownAsyncGensFrom has the places to call it from.
func TestShutdownAsyncGensFrom(t *testing.T) {
	t.Run("a callback", func(t *testing.T) {
		l := newLoop(t)
		l.CallSoon(func() {
			wantErr(t, "ShutdownAsyncGens", l.ShutdownAsyncGens(context.Background()), engine.ErrNotInTask)
		})
		turn(t, l)
	})
	t.Run("another goroutine", func(t *testing.T) {
		l := newLoop(t)
		wantErr(t, "a loop at rest", l.ShutdownAsyncGens(context.Background()), engine.ErrLoopNotRunning)
		var j journal
		g := counter(l, func(context.Context) error { j.add("closed"); return nil })
		inTask(t, l, func(ctx context.Context) { begun(t, ctx, g) })
		start(t, l)
		must(t, l.ShutdownAsyncGens(context.Background()))
		j.want(t, "closed")
	})
}
