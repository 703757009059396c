package engine_test

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func TestLoopKinds(t *testing.T) {
	prove(t, "LOOP-01", func(t *testing.T) {
		best, err := poller.New()
		if err != nil {
			t.Skip(err)
		}
		if want, err := poller.NewEpoll(); err == nil { // epoll where there is epoll
			if reflect.TypeOf(best) != reflect.TypeOf(want) {
				t.Errorf("the best poller is a %T", best)
			}
			_ = want.Close()
		}
		p := &spy{Poller: best}
		polls := 0
		p.poll = func() { polls++ }
		for i, make := range []func() (*engine.Loop, error){
			func() (*engine.Loop, error) {
				return engine.NewSelectorEventLoop(engine.UsePoller(p), hosted(t, engine.Config{}))
			},
			func() (*engine.Loop, error) {
				return engine.NewSelectorEventLoop(engine.Poll, hosted(t, engine.Config{}))
			},
			func() (*engine.Loop, error) { return engine.NewSelectorEventLoop(nil, hosted(t, engine.Config{})) },
		} {
			l, err := make()
			if err != nil {
				t.Fatal(err)
			}
			ran := false
			l.CallSoon(func() { ran = true })
			turn(t, l)
			if !ran || polls != 1 {
				t.Errorf("loop %d: it ran: %t, the injected poller polled %d times", i, ran, polls)
			}
			closeLoop(t, l)
		}
	})
	prove(t, "LOOP-02", func(t *testing.T) {
		l, err := engine.NewProactorEventLoop(engine.Config{})
		wantErr(t, "NewProactorEventLoop", err, engine.ErrUnsupported)
		if l != nil {
			t.Errorf("NewProactorEventLoop = %v", l)
		}
		newLoop(t) // the default is the one on a selector
	})
	prove(t, "LOOP-04", func(t *testing.T) {
		face := reflect.TypeFor[engine.AbstractEventLoop]()
		if !reflect.TypeFor[*engine.Loop]().Implements(face) {
			t.Error("a Loop is no AbstractEventLoop")
		}
		for _, name := range documentedMethods(t) {
			if _, ok := face.MethodByName(name); !ok {
				t.Errorf("AbstractEventLoop lacks %s", name)
			}
		}
		none := reflect.ValueOf(engine.UnimplementedEventLoop{})
		for i := range face.NumMethod() {
			method := face.Method(i)
			args := make([]reflect.Value, method.Type.NumIn())
			for j := range args {
				args[j] = reflect.Zero(method.Type.In(j))
			}
			wantErr(t, method.Name, refusal(none.MethodByName(method.Name), args), engine.ErrUnsupported)
		}
	})
}

// documentedMethods are the methods of Loop that mirror one of asyncio's.
func documentedMethods(t *testing.T) (names []string) {
	page, err := os.ReadFile("../docs/asyncio.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile("`loop\\.\\w+` \\| `Loop\\.(\\w+)`").FindAllSubmatch(page, -1) {
		names = append(names, string(row[1]))
	}
	if len(names) < 30 {
		t.Errorf("the table has only %v", names)
	}
	return names
}

// refusal is the error that a method refuses with: by returning it, in a handle,
// or as a panic.
func refusal(method reflect.Value, args []reflect.Value) (err error) {
	var results []reflect.Value
	if err := panicOf(func() { results = method.Call(args) }); err != nil {
		return err
	}
	if len(results) == 0 {
		return errors.New("returns as if it had done something")
	}
	switch v := results[len(results)-1].Interface().(type) {
	case error:
		return v
	case interface{ Err() error }:
		return v.Err()
	}
	return errors.New("returns a value")
}

func TestTimingWait(t *testing.T) {
	prove(t, "LOOP-16", func(t *testing.T) {
		l := newLoop(t)
		const delay = 300 * time.Microsecond
		best := time.Hour
		for try := 0; best >= time.Millisecond-delay && try < 2000; try++ {
			var late time.Duration
			var timer *engine.TimerHandle
			timer = l.CallLater(delay, func() { late = l.Time() - timer.When(); l.Stop() })
			run(t, l)
			if late < 0 {
				t.Fatalf("a timer ran %v early", -late)
			}
			best = min(best, late)
		}
		if best >= time.Millisecond-delay { // what rounding up to a millisecond costs
			t.Errorf("the best timer of %v was %v late", delay, best)
		}
	})
}
