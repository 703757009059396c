package engine_test

import (
	"os"
	"reflect"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestRunningLoop(t *testing.T) {
	prove(t, "OBT-01", func(t *testing.T) {
		a, b := newLoop(t), newLoop(t)
		start(t, a)
		start(t, b)
		for _, l := range []*engine.Loop{a, b, a} {
			var soon, timer *engine.Loop
			onLoop(t, l, func() { soon, _ = engine.RunningLoop() })
			done := make(chan struct{})
			onLoop(t, l, func() {
				l.CallLater(0, func() { timer, _ = engine.RunningLoop(); close(done) })
			})
			<-done
			if soon != l || timer != l {
				t.Errorf("RunningLoop is %p in a callback and %p in a timer of %p", soon, timer, l)
			}
		}
	})
	prove(t, "OBT-02", func(t *testing.T) {
		l := newLoop(t)
		turn(t, l)
		engine.SetEventLoop(l)
		defer engine.SetEventLoop(nil)
		got, err := engine.RunningLoop()
		wantErr(t, "RunningLoop outside of a callback", err, engine.ErrNoRunningLoop)
		if got != nil {
			t.Errorf("RunningLoop = %v", got)
		}
	})
	prove(t, "OBT-03", func(t *testing.T) {
		l := newLoop(t)
		start(t, l)
		onLoop(t, l, func() {
			answer := make(chan error)
			go func() { _, err := engine.RunningLoop(); answer <- err }()
			wantErr(t, "RunningLoop beside a callback", <-answer, engine.ErrNoRunningLoop)
		})
	})
}

func TestCurrentLoop(t *testing.T) {
	prove(t, "OBT-04", func(t *testing.T) {
		a, b := newLoop(t), newLoop(t)
		engine.SetEventLoop(b)
		defer engine.SetEventLoop(nil)
		var before, after *engine.Loop
		a.CallSoon(func() {
			before, _ = engine.CurrentLoop()
			engine.SetEventLoop(b)
			after, _ = engine.CurrentLoop()
			engine.SetEventLoop(nil)
		})
		turn(t, a)
		if before != a || after != a {
			t.Errorf("CurrentLoop in a callback of %p is %p, and %p after SetEventLoop", a, before, after)
		}
	})
	prove(t, "OBT-05", func(t *testing.T) {
		l := newLoop(t)
		engine.SetEventLoop(l)
		defer engine.SetEventLoop(nil)
		if got, err := engine.CurrentLoop(); got != l || err != nil {
			t.Errorf("CurrentLoop = %p, %v, want %p", got, err, l)
		}
	})
	prove(t, "OBT-06", func(t *testing.T) {
		p := &countingPolicy{}
		engine.SetPolicy(p)
		defer engine.SetPolicy(nil)
		got, err := engine.CurrentLoop()
		wantErr(t, "CurrentLoop with nothing set", err, engine.ErrNoCurrentLoop)
		if got != nil || p.made != 0 {
			t.Errorf("CurrentLoop = %v, and %d loops were made", got, p.made)
		}
	})
}

func TestSetEventLoop(t *testing.T) {
	prove(t, "OBT-07", func(t *testing.T) {
		engine.SetEventLoop(newLoop(t))
		defer engine.SetEventLoop(nil)
		answer := make(chan error)
		go func() { _, err := engine.CurrentLoop(); answer <- err }()
		wantErr(t, "CurrentLoop on another goroutine", <-answer, engine.ErrNoCurrentLoop)
	})
	prove(t, "OBT-08", func(t *testing.T) {
		engine.SetEventLoop(newLoop(t))
		engine.SetEventLoop(nil)
		got, err := engine.CurrentLoop()
		wantErr(t, "CurrentLoop after SetEventLoop(nil)", err, engine.ErrNoCurrentLoop)
		if got != nil {
			t.Errorf("CurrentLoop = %v", got)
		}
	})
	prove(t, "OBT-09", func(t *testing.T) {
		fn := reflect.TypeOf(engine.SetEventLoop)
		if fn.NumIn() != 1 || fn.In(0) != reflect.TypeFor[*engine.Loop]() {
			t.Errorf("SetEventLoop is %v", fn)
		}
		engine.SetEventLoop((*engine.Loop)(nil))
		_, err := engine.CurrentLoop()
		wantErr(t, "CurrentLoop after a nil *Loop", err, engine.ErrNoCurrentLoop)
	})
}

func TestNewEventLoop(t *testing.T) {
	prove(t, "OBT-10", func(t *testing.T) {
		mine, theirs := newLoop(t), newLoop(t)
		engine.SetEventLoop(mine)
		defer engine.SetEventLoop(nil)
		answer := make(chan *engine.Loop)
		go func() {
			engine.SetEventLoop(theirs)
			defer engine.SetEventLoop(nil)
			l, _ := engine.CurrentLoop()
			answer <- l
		}()
		if got := <-answer; got != theirs {
			t.Errorf("the other goroutine's loop is %p, want %p", got, theirs)
		}
		if got, _ := engine.CurrentLoop(); got != mine {
			t.Errorf("this goroutine's loop is %p, want %p", got, mine)
		}
	})
	prove(t, "OBT-11", func(t *testing.T) {
		l := newLoop(t)
		if l.IsRunning() || l.IsClosed() {
			t.Errorf("a new loop is %v", l)
		}
		_, err := engine.CurrentLoop()
		wantErr(t, "CurrentLoop after NewEventLoop", err, engine.ErrNoCurrentLoop)
	})
	prove(t, "OBT-12", func(t *testing.T) {
		a, b := newLoop(t), newLoop(t)
		var j journal
		a.CallSoon(j.adds("a"))
		b.CallSoon(j.adds("b"))
		b.CallLater(0, j.adds("b timer"))
		turn(t, a)
		j.want(t, "a")
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		start(t, b) // with a wake-up and a poller of its own
		timer := make(chan struct{})
		onLoop(t, b, func() { b.CallLater(0, func() { close(timer) }) })
		<-timer
		j.want(t, "b", "b timer")
	})
}

// openDescriptors counts the descriptors of the process.
func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

func TestDescriptorsAndPolicy(t *testing.T) {
	prove(t, "OBT-13", func(t *testing.T) {
		before := openDescriptors(t)
		p := newSpy(t)
		own := p.Traits().Descriptors
		l := newLoop(t, engine.Config{Poller: p})
		for range 3 {
			turn(t, l)
			if n := openDescriptors(t) - before; n != own {
				t.Errorf("the loop holds %d descriptors, want %d", n, own)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if n := openDescriptors(t) - before; n != 0 {
			t.Errorf("the closed loop holds %d descriptors", n)
		}
	})
	prove(t, "OBT-14", func(t *testing.T) {
		p := &countingPolicy{}
		engine.SetPolicy(p)
		defer engine.SetPolicy(nil)
		if engine.CurrentPolicy() != engine.Policy(p) {
			t.Error("CurrentPolicy is another one than was set")
		}
		l := newLoop(t)
		if p.made != 1 || !l.Debug() {
			t.Errorf("the policy made %d loops, and the loop is %v", p.made, l)
		}
		p.current = l
		if got, err := engine.CurrentLoop(); got != l || err != nil {
			t.Errorf("CurrentLoop = %v, %v: not the policy's", got, err)
		}
		engine.SetPolicy(nil)
		if engine.CurrentPolicy() != engine.Policy(engine.DefaultPolicy{}) {
			t.Errorf("after SetPolicy(nil) the policy is %T", engine.CurrentPolicy())
		}
	})
	prove(t, "OBT-16", func(t *testing.T) {
		loops := []*engine.Loop{newLoop(t), newLoop(t)}
		start(t, loops[0])
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				mine := loops[i%2]
				for range 100 {
					engine.SetEventLoop(mine)
					if got, err := engine.CurrentLoop(); got != mine || err != nil {
						t.Errorf("CurrentLoop = %v, %v", got, err)
					}
					_, _ = engine.RunningLoop()
					engine.SetEventLoop(nil)
				}
				l, err := engine.NewEventLoop(engine.Config{})
				if err != nil {
					t.Error(err)
					return
				}
				_ = l.Close()
			})
		}
		all.Wait()
	})
}

// countingPolicy makes loops in debug mode, and counts them.
type countingPolicy struct {
	engine.DefaultPolicy
	made    int
	current *engine.Loop
}

func (p *countingPolicy) NewEventLoop(config engine.Config) (*engine.Loop, error) {
	p.made++
	config.Debug = true
	return p.DefaultPolicy.NewEventLoop(config)
}

func (p *countingPolicy) CurrentLoop() (*engine.Loop, error) {
	if p.current == nil {
		return nil, engine.ErrNoCurrentLoop
	}
	return p.current, nil
}
