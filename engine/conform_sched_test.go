package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func TestCallSoon(t *testing.T) {
	prove(t, "SCHED-01", func(t *testing.T) {
		l := newLoop(t)
		var got []int
		for i := range 1000 {
			l.CallSoon(func() { got = append(got, i) })
		}
		turn(t, l)
		turn(t, l)
		if len(got) != 1000 || !slices.IsSorted(got) {
			t.Errorf("%d of 1000 callbacks ran, in order: %t", len(got), slices.IsSorted(got))
		}
	})
	prove(t, "SCHED-02", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		l.CallSoon(func() {
			if h := l.CallSoon(j.adds("inner")); h == nil || h.Cancelled() || h.Err() != nil {
				t.Errorf("the handle is %v", h)
			}
			j.add("outer")
		})
		j.want(t)
		turn(t, l)
		j.want(t, "outer")
		turn(t, l)
		j.want(t, "inner")
	})
	prove(t, "SCHED-03", func(t *testing.T) {
		l := newLoop(t)
		var got []any
		arg := new(int)
		take := func(v any) { got = append(got, v) }
		for _, err := range []error{
			l.CallSoonArg(take, arg),
			l.CallSoonArg(take, nil),
			l.CallSoonThreadsafeArg(take, "posted"),
			l.CallLaterArg(0, take, 3),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		turn(t, l)
		if !slices.Equal(got, []any{arg, nil, "posted", 3}) {
			t.Errorf("the arguments were %v", got)
		}
	})
}

func TestCallSoonTurns(t *testing.T) {
	prove(t, "SCHED-04", func(t *testing.T) {
		l, _, j := spiedSim(t)
		l.CallSoon(func() {
			j.add("first")
			l.CallSoon(func() { j.add("from first"); l.Stop() })
		})
		l.CallSoon(j.adds("second"))
		run(t, l)
		j.want(t, "poll", "first", "second", "poll", "from first")
	})
	prove(t, "SCHED-05", func(t *testing.T) {
		l := newLoop(t, engine.Config{Debug: true})
		var j journal
		start(t, l)
		onLoop(t, l, func() {})
		wantErr(t, "CallSoon beside the loop", panicOf(func() { l.CallSoon(j.adds("ran")) }), engine.ErrWrongThread)
		wantErr(t, "CallSoonArg beside the loop", l.CallSoonArg(func(any) { j.add("ran") }, nil), engine.ErrWrongThread)
		onLoop(t, l, func() {
			if err := panicOf(func() { l.CallSoon(j.adds("on the loop")) }); err != nil {
				t.Errorf("CallSoon on the loop: %v", err)
			}
		})
		onLoop(t, l, func() {})
		j.want(t, "on the loop")
	})
	prove(t, "SCHED-06", func(t *testing.T) {
		l := newLoop(t, engine.Config{Debug: true})
		turn(t, l) // its goroutine exists from here on
		var j journal
		answer := make(chan error)
		go func() { answer <- panicOf(func() { l.CallSoon(j.adds("ran")) }) }()
		if err := <-answer; err != nil {
			t.Errorf("CallSoon on a stopped loop: %v", err)
		}
		turn(t, l)
		j.want(t, "ran")
	})
}

// panicOf is the error that fn panics with, or nil.
func panicOf(fn func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = v.(error)
		}
	}()
	fn()
	return nil
}

type contextKey struct{}

func named(name string) context.Context {
	return context.WithValue(context.Background(), contextKey{}, name)
}

func TestCallbackContext(t *testing.T) {
	prove(t, "SCHED-07", func(t *testing.T) {
		for _, debug := range []bool{false, true} {
			l := newLoop(t, engine.Config{Debug: debug})
			var h *engine.Handle
			err := panicOf(func() { h = l.CallSoon(nil) })
			if !debug {
				err = h.Err()
			}
			var arg *engine.ArgError
			if !errors.As(err, &arg) || arg.Arg != "fn" || !errors.Is(err, engine.ErrInvalidArgument) {
				t.Errorf("CallSoon(nil) with debug %t: %v", debug, err)
			}
			_, err = l.CallSoonThreadsafe(nil)
			wantErr(t, "CallSoonThreadsafe(nil)", err, engine.ErrInvalidArgument)
		}
	})
	prove(t, "SCHED-08", func(t *testing.T) {
		l := newLoop(t)
		var got []any
		note := func() { got = append(got, l.Context().Value(contextKey{})) }
		l.CallSoonContext(named("A"), func() {
			note()
			l.CallSoon(note)
			l.CallSoonContext(named("C"), note)
			_, _ = l.CallSoonThreadsafe(note)
			_, _ = l.CallSoonThreadsafeContext(named("D"), note)
		})
		l.CallSoon(note)
		turn(t, l)
		turn(t, l)
		if !slices.Equal(got, []any{"A", nil, "A", "C", "A", "D"}) {
			t.Errorf("the contexts were %v", got)
		}
	})
	prove(t, "SCHED-09", func(t *testing.T) {
		l := newLoop(t)
		var inside, after any
		l.CallSoon(func() {
			l.CallSoonContext(context.WithValue(l.Context(), contextKey{}, "changed"), func() {
				inside = l.Context().Value(contextKey{})
			})
			l.CallSoon(func() { after = l.Context().Value(contextKey{}) })
		})
		turn(t, l)
		turn(t, l)
		if inside != "changed" || after != nil {
			t.Errorf("the value is %v inside and %v in the callback behind", inside, after)
		}
		if l.Context() != context.Background() {
			t.Error("the context of a callback outlives it")
		}
	})
}

func TestCallSoonThreadsafe(t *testing.T) {
	prove(t, "SCHED-10", func(t *testing.T) {
		const goroutines, calls = 8, 500
		l := newLoop(t)
		start(t, l)
		var got [goroutines][]int
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				for i := range calls {
					if _, err := l.CallSoonThreadsafe(func() {
						if on, _ := engine.RunningLoop(); on != l {
							t.Errorf("the callback runs on %v", on)
						}
						got[g] = append(got[g], i)
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		onLoop(t, l, func() {})
		for g, list := range got {
			if len(list) != calls || !slices.IsSorted(list) {
				t.Errorf("goroutine %d: %d of %d ran, in order: %t", g, len(list), calls, slices.IsSorted(list))
			}
		}
	})
	prove(t, "SCHED-11", func(t *testing.T) {
		asleep := make(chan struct{}, 1)
		p := newSpy(t)
		const far = time.Hour
		p.wait = func(deadline time.Duration) {
			if deadline-time.Duration(p.Now()) > far/2 {
				tell(asleep)
			}
		}
		l := newLoop(t, engine.Config{Poller: p})
		l.CallLater(far, func() { t.Error("the post waited for the timer") })
		start(t, l)
		for range 100 {
			<-asleep
			onLoop(t, l, func() {})
		}
	})
	prove(t, "SCHED-12", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		l.CallSoon(func() {
			l.CallSoon(j.adds("1"))
			_, _ = l.CallSoonThreadsafe(j.adds("2"))
			l.CallSoon(j.adds("3"))
			_, _ = l.CallSoonThreadsafe(func() { j.add("4"); l.Stop() })
		})
		run(t, l)
		j.want(t, "1", "2", "3", "4")
	})
}

func TestThreadsafeRaces(t *testing.T) {
	prove(t, "SCHED-13", func(t *testing.T) {
		for range 8 {
			l := newLoop(t)
			start(t, l)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for {
						h, err := l.CallSoonThreadsafe(func() {})
						if err == nil {
							continue
						}
						wantErr(t, "CallSoonThreadsafe after Close", err, engine.ErrLoopClosed)
						if !h.Cancelled() || h.Err() != err {
							t.Errorf("the refused handle is %v, %v", h, h.Err())
						}
						return
					}
				})
			}
			onLoop(t, l, func() {})
			closeLoop(t, l)
			all.Wait()
		}
	})
	prove(t, "SCHED-14", func(t *testing.T) {
		const calls = 4096
		var polls, wakes atomic.Int64
		p := newSpy(t)
		p.poll = func() { polls.Add(1) }
		p.wait = func(time.Duration) { polls.Add(1) }
		p.wake = func() error { wakes.Add(1); return nil }
		l := newLoop(t, engine.Config{Poller: p})
		start(t, l)
		var ran atomic.Int64
		var needed int64
		last := make(chan struct{})
		held, posted := make(chan struct{}), make(chan struct{})
		_, err := l.CallSoonThreadsafe(func() {
			polls.Store(0)
			close(held)
			<-posted // the loop is busy while another goroutine posts
		})
		if err != nil {
			t.Fatal(err)
		}
		<-held
		wakes.Store(0)
		for range calls {
			_, err := l.CallSoonThreadsafe(func() {
				if ran.Add(1) == calls {
					needed = polls.Load()
					close(last)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		awoken := wakes.Load()
		close(posted)
		<-last
		if needed != 1 {
			t.Errorf("%d calls needed %d polls", calls, needed)
		}
		if awoken != 0 {
			t.Errorf("a loop that was awake was woken %d times", awoken)
		}
	})
	prove(t, "SCHED-15", func(t *testing.T) {
		for _, debug := range []bool{false, true} {
			log := &lines{}
			asleep := make(chan struct{}, 1)
			p := newSpy(t)
			p.wait = func(time.Duration) {
				tell(asleep)
			}
			var failed atomic.Int32
			p.wake = func() error { failed.Add(1); return syscall.EAGAIN }
			l := newLoop(t, engine.Config{Poller: p, Debug: debug, Logger: log.logger()})
			start(t, l)
			for failed.Load() < 5 {
				<-asleep
				ran := make(chan struct{})
				h, err := l.CallSoonThreadsafe(func() { close(ran) })
				if err != nil || h.Cancelled() || h.Err() != nil {
					t.Errorf("a wake-up that fails makes a post %v, %v", h, err)
				}
				<-ran
			}
			stopAndWait(l)
			if log.has("waking the event loop failed") != debug {
				t.Errorf("with debug %t the log is %q", debug, log.buf.String())
			}
		}
	})
}

func TestWakeUpIsFull(t *testing.T) {
	prove(t, "SCHED-16", func(t *testing.T) {
		const more = 1<<16 + 1 // than a pipe holds
		for name, selector := range map[string]engine.Selector{"epoll": engine.Epoll, "poll": engine.Poll} {
			p, err := selector()
			if errors.Is(err, engine.ErrUnsupported) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range more {
				if err := p.Wake(); err != nil {
					t.Fatalf("%s: wake-up %d: %v", name, i, err)
				}
			}
			l := newLoop(t, engine.Config{Poller: p})
			start(t, l)
			for range 50 {
				onLoop(t, l, func() {})
			}
			stopAndWait(l)
		}
	})
	prove(t, "SCHED-17", func(t *testing.T) {
		l := newLoop(t)
		var j journal
		var second, later *engine.Handle
		l.CallSoon(func() { j.add("first"); second.Cancel(); later = l.CallSoon(j.adds("later")) })
		second = l.CallSoon(j.adds("cancelled"))
		l.CallSoon(j.adds("third"))
		turn(t, l) // a batch of three, not of two and one of the next
		j.want(t, "first", "third")
		if n := l.Stats().Callbacks; n != 3 {
			t.Errorf("the batch had %d callbacks, want 3", n)
		}
		later.Cancel()
		turn(t, l)
		j.want(t)
	})
	prove(t, "SCHED-18", func(t *testing.T) {
		for _, debug := range []bool{false, true} {
			l := newLoop(t, engine.Config{Debug: debug})
			var got []engine.ErrorContext
			l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { got = append(got, c) })
			broken := errors.New("broken")
			h := l.CallSoon(func() { panic(broken) })
			turn(t, l)
			if len(got) != 1 {
				t.Fatalf("the handler was called %d times", len(got))
			}
			c := got[0]
			var panicked *engine.PanicError
			if !errors.As(c.Err, &panicked) || !errors.Is(c.Err, broken) || len(panicked.Stack) == 0 {
				t.Errorf("the error is %#v", c.Err)
			}
			if c.Handle != h || !strings.HasPrefix(c.Message, "Exception in callback ") || !strings.Contains(c.Message, "TestWakeUpIsFull") {
				t.Errorf("the handle is %v, the message %q", c.Handle, c.Message)
			}
			if strings.Contains(c.HandleTraceback, "TestWakeUpIsFull") != debug {
				t.Errorf("with debug %t the traceback is %q", debug, c.HandleTraceback)
			}
		}
	})
}

func TestOneAtATime(t *testing.T) {
	prove(t, "SCHED-19", func(t *testing.T) {
		l := newLoop(t)
		start(t, l)
		var inside, ran atomic.Int32
		callback := func() {
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d callbacks at once", n)
			}
			ran.Add(1)
			inside.Add(-1)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 200 {
					_, _ = l.CallSoonThreadsafe(func() {
						callback()
						l.CallSoon(callback)
						l.CallLater(0, callback)
					})
				}
			})
		}
		all.Wait()
		for range 3 {
			onLoop(t, l, func() {})
		}
		stopAndWait(l)
		turn(t, l)
		if n := ran.Load(); n != 4*200*3 {
			t.Errorf("%d callbacks ran", n)
		}
	})
	prove(t, "SCHED-20", func(t *testing.T) {
		l, sim, j := spiedSim(t)
		for _, name := range []string{"io 1", "io 2"} {
			fd := sim.Open()
			sim.SetReady(fd, poller.Readable)
			if err := l.AddReader(fd, j.adds(name)); err != nil {
				t.Fatal(err)
			}
		}
		sim.Advance(time.Second)
		l.CallAt(20*time.Millisecond, j.adds("timer 2"))
		l.CallAt(10*time.Millisecond, j.adds("timer 1"))
		l.CallSoon(j.adds("soon"))
		_, _ = l.CallSoonThreadsafe(j.adds("posted"))
		turn(t, l)
		j.want(t, "poll", "soon", "posted", "io 1", "io 2", "timer 1", "timer 2")
	})
}
