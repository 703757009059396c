//go:build unix

package stream

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestPostsOfATurnLeaveTogether(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		released := 0
		before := w.sh.Stats().Writes
		b := []byte("abc")
		must(t, o.Post(b))
		b[0] = 'x'
		must(t, o.Post(nil))
		must(t, o.PostOwned([]byte("def"), func() { released++ }))
		must(t, o.PostOwned(nil, func() { released++ }))
		w.turn()
		p.read()
		equal(t, "sent", p.in, sumOf([]byte("abcdef")))
		equal(t, "calls", w.sh.Stats().Writes-before, 1)
		equal(t, "released", released, 2)
		equal(t, "copies on the way", w.sh.posts.used, 0)
		w.end(o)
	})
}

func TestPostLimits(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		w.turn(o.fill)
		must(t, o.Post(pattern(DefaultHigh+1))) // alone, so it is let through
		equal(t, "second", o.Post([]byte("x")), ErrWouldBlock)
		w.turn()
		o.says("pause")
		equal(t, "full", o.Post([]byte("x")), ErrWouldBlock)
		equal(t, "full", o.PostOwned([]byte("x"), func() { t.Error("released") }), ErrWouldBlock)
		for !o.is("pause resume") {
			p.read()
			w.turn()
		}
		must(t, o.Post(pattern(DefaultHigh-1)))
		must(t, o.Post([]byte("x")))
		equal(t, "third", o.Post([]byte("x")), ErrWouldBlock)
		w.turn(o.Close)
		equal(t, "closing", o.Post([]byte("x")), ErrClosing)
		equal(t, "closing", o.PostOwned(nil, nil), ErrClosing)
		w.drain(p)
		equal(t, "sent", p.in.n, o.out.n+2*DefaultHigh+1)
		w.until(func() bool { return o.over })
	})
}

// TestPostsInFlight ends a stream while posts of every size are on their way.
func TestPostsInFlight(t *testing.T) {
	ends := map[string]func(*owner){"close": (*owner).Close, "eof": (*owner).WriteEOF, "abort": (*owner).Abort}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onPollers(t, func(t *testing.T, w *world) {
				for _, size := range []int{1, heldLimit, heldLimit + 1, 300 << 10} {
					w.endInFlight(size, end, name == "abort")
				}
			})
		})
	}
}

func (w *world) endInFlight(size int, end func(*owner), drops bool) {
	o, p := w.connect(smallPair)
	o.SetMarks(0, 1<<20)
	released := 0
	w.turn(func() {
		must(w.t, o.Post(pattern(size)))
		must(w.t, o.PostOwned([]byte("owned"), func() { released++; panic("in release") }))
		must(w.t, o.PostOwned([]byte("!"), nil))
		end(o)
		equal(w.t, "refused", o.Post([]byte("x")), ErrClosing)
	})
	w.drain(p)
	w.turn()
	equal(w.t, "released", released, 1)
	equal(w.t, "faults", len(w.faults), 1)
	w.faults = nil
	if drops {
		equal(w.t, "sent", p.in.n, 0)
	} else {
		equal(w.t, "sent", p.in, sumOf(append(pattern(size), "owned!"...)))
	}
	if !o.IsClosing() {
		w.turn(o.Close)
	}
	w.until(func() bool { return o.over })
}

// TestTheLastPostIsSentAtOnce has a close wait for a post that is too large to be
// held.
func TestTheLastPostIsSentAtOnce(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, end := range []func(*owner){(*owner).Close, (*owner).WriteEOF} {
			o, p := w.connect(unixPair)
			w.turn(func() { must(t, o.Post(pattern(heldLimit+1))); end(o) })
			w.drain(p)
			equal(t, "sent", p.in.n, heldLimit+1)
			w.end(o)
		}
	})
}

func TestPostOnAClosedLoop(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		o.SetMarks(0, 1)
		must(t, o.Post([]byte("dropped")))
		waiting := make(chan error)
		go func() { waiting <- o.PostWait(t.Context(), []byte("x")) }()
		for w.sh.room.asked.Load() == 0 {
			runtime.Gosched()
		}
		must(t, w.r.Close())
		w.sh.Close()
		equal(t, "PostWait", <-waiting, ErrClosing)
		equal(t, "PostWait", o.PostWait(t.Context(), []byte("x")), ErrClosing)
		o.Abort()
	})
}

func TestPostWait(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		o.SetMarks(100, 1000)
		ctx, cancel := context.WithCancelCause(t.Context())
		results := make(chan error)
		for range 4 {
			go func() {
				for range 100 {
					if err := o.PostWait(ctx, pattern(999)); err != nil {
						results <- err
						return
					}
				}
				results <- nil
			}()
		}
		for done := 0; done < 4; {
			select {
			case err := <-results:
				must(t, err)
				done++
			default:
				p.read()
				w.turn()
			}
		}
		w.until(func() bool { p.read(); return p.in.n == 400*999 })

		must(t, o.Post(pattern(1000)))
		why := errors.New("why")
		go func() { results <- o.PostWait(ctx, []byte("x")) }()
		cancel(why)
		equal(t, "cancelled", <-results, why)
		equal(t, "asking", len(w.sh.room.more), 0)
		equal(t, "asked", w.sh.room.asked.Load(), 0)
		w.end(o)
	})
}

// TestWhatEndsAWait has one goroutine wait for room in a stream that is full.
func TestWhatEndsAWait(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		ends := map[string]func(*owner, *peer){
			"room":  func(o *owner, p *peer) { w.until(func() bool { p.read(); return o.is("pause resume") }) },
			"close": func(o *owner, _ *peer) { w.turn(o.Close) },
			"eof":   func(o *owner, _ *peer) { w.turn(o.WriteEOF) },
			"abort": func(o *owner, _ *peer) { w.turn(o.Abort) },
		}
		for name, end := range ends {
			o, p := w.connect(smallPair)
			w.turn(o.fill, func() { o.SetMarks(0, 0) })
			result := make(chan error)
			go func() { result <- o.PostWait(t.Context(), []byte("x")) }()
			for w.sh.room.asked.Load() == 0 {
				runtime.Gosched()
			}
			end(o, p)
			equal(t, name, <-result == nil, name == "room")
			w.turn(o.Abort)
			w.until(func() bool { return o.over })
		}
	})
}

// TestCloseAmongPosts has goroutines post until they are refused, and the owner
// close in the middle: what was accepted arrives.
func TestCloseAmongPosts(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, wait := range []bool{false, true} {
			o, p := w.connect(tcpPair)
			accepted, wg := w.posters(o, wait)
			for p.in.n < 1<<20 {
				p.read()
				w.turn()
			}
			w.turn(o.Close)
			w.drain(p)
			wg.Wait()
			w.until(func() bool { return o.over })
			equal(t, "arrived", int64(p.in.n), accepted.Load())
			equal(t, "error", o.err, nil)
			equal(t, "on the way", o.flight.pending(), 0)
		}
	})
}

// posters are eight goroutines that post until they are refused.
func (w *world) posters(o *owner, wait bool) (*atomic.Int64, *sync.WaitGroup) {
	var accepted atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			b := pattern(1 + i*1000)
			for err := error(nil); err != ErrClosing; {
				if wait {
					err = o.PostWait(w.t.Context(), b)
				} else {
					err = o.Post(b)
				}
				if err == nil {
					accepted.Add(int64(len(b)))
				}
			}
		})
	}
	return &accepted, &wg
}
