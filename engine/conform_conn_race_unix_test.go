//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// runners are attempts to connect on a simulated clock. They write down, with the
// time in milliseconds, when they begin and how they end.
type runners struct {
	journal
	t     *testing.T
	l     *engine.Loop
	fails map[int]bool
	peers map[int]*engine.Socket // of those that succeeded
	list  []func(context.Context) (int, error)
}

// newRunners makes an attempt for each time, in milliseconds, after which it
// ends. A negative one fails then.
func newRunners(t *testing.T, ends ...int) *runners {
	t.Helper()
	l, _ := simLoop(t)
	r := &runners{t: t, l: l, fails: map[int]bool{}, peers: map[int]*engine.Socket{}}
	for i, ms := range ends {
		r.fails[i] = ms < 0
		takes := time.Duration(max(ms, -ms)) * time.Millisecond
		r.list = append(r.list, func(ctx context.Context) (int, error) {
			r.note("begin", i)
			err := engine.Sleep(ctx, takes)
			return r.end(i, err)
		})
	}
	return r
}

func (r *runners) note(what string, i int) {
	r.add(fmt.Sprintf("%d %s %d", r.l.Time().Milliseconds(), what, i))
}

// end is how attempt i ends: with a descriptor, unless err is set or it fails.
func (r *runners) end(i int, err error) (int, error) {
	switch {
	case err != nil:
		r.note("cancel", i)
		return -1, err
	case r.fails[i]:
		r.note("fail", i)
		return -1, fmt.Errorf("attempt %d: %w", i, errFails)
	}
	r.note("win", i)
	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	must(r.t, err)
	r.peers[i] = b
	return a.Take("connect")
}

// run runs the race, and returns the errors; the winner is closed.
func (r *runners) run(delay time.Duration) (errs []error, err error) {
	r.t.Helper()
	runTask(r.t, r.l, func(ctx context.Context) { errs, err = r.runIn(ctx, delay) })
	r.clean()
	return errs, err
}

func (r *runners) runIn(ctx context.Context, delay time.Duration) ([]error, error) {
	fd, errs, err := engine.RaceFor(ctx, r.l, delay, r.list...)
	open := 0
	for _, b := range r.peers {
		if isOpen(b) {
			open++
		}
	}
	if want := min(1, fd+1); open != want {
		r.t.Errorf("%d connections are open, want %d", open, want)
	}
	if fd >= 0 {
		closeFD(fd)
	}
	return errs, err
}

func (r *runners) clean() {
	for _, b := range r.peers {
		must(r.t, b.Close())
	}
}

const eyeballs = 250 * time.Millisecond

func TestHappyEyeballs(t *testing.T) {
	prove(t, "CONN-32", func(t *testing.T) {
		for _, c := range []struct {
			what string
			ends []int
			want []string
		}{
			{"after the delay", []int{9000, 9000, 10},
				[]string{"0 begin 0", "250 begin 1", "500 begin 2", "510 win 2", "510 cancel 0", "510 cancel 1"}},
			{"after a failure", []int{-10, 10, 10},
				[]string{"0 begin 0", "10 fail 0", "10 begin 1", "20 win 1"}},
			{"after a failure of the latest only", []int{-300, 9000, 10},
				[]string{"0 begin 0", "250 begin 1", "300 fail 0", "500 begin 2", "510 win 2", "510 cancel 1"}},
			{"an early one wins late", []int{300, 9000, 9000},
				[]string{"0 begin 0", "250 begin 1", "300 win 0", "300 cancel 1"}},
			{"all fail", []int{-600, -100, -100},
				[]string{"0 begin 0", "250 begin 1", "350 fail 1", "350 begin 2", "450 fail 2", "600 fail 0"}},
			{"the first wins after all others", []int{600, -100, -100},
				[]string{"0 begin 0", "250 begin 1", "350 fail 1", "350 begin 2", "450 fail 2", "600 win 0"}},
		} {
			t.Run(c.what, func(t *testing.T) {
				r := newRunners(t, c.ends...)
				errs, err := r.run(eyeballs)
				r.want(t, c.want...)
				if err != nil || len(r.peers) == 0 && len(errs) != len(c.ends) {
					t.Errorf("%v, %v", errs, err)
				}
			})
		}
	})
	prove(t, "CONN-33", func(t *testing.T) {
		t.Run("at once", testPhotoFinish)
		t.Run("before the delay", func(t *testing.T) {
			r := newRunners(t, 249, 10)
			_, err := r.run(eyeballs)
			must(t, err)
			r.want(t, "0 begin 0", "249 win 0")
		})
		t.Run("the errors keep their places", func(t *testing.T) {
			errs, err := newRunners(t, -600, -10).run(eyeballs)
			if err != nil || fmt.Sprint(errs) != "[attempt 0: it fails attempt 1: it fails]" {
				t.Errorf("%v, %v", errs, err)
			}
		})
	})
}

// testPhotoFinish has two attempts connected in one turn.
func testPhotoFinish(t *testing.T) {
	r := newRunners(t, 0, 0)
	go2 := engine.NewFuture[int](r.l)
	for i := range r.list {
		r.list[i] = func(ctx context.Context) (int, error) {
			r.note("begin", i)
			_, err := engine.Await(ctx, engine.Shield(go2))
			return r.end(i, err)
		}
	}
	r.l.CallLater(2*eyeballs, func() { go2.SetResult(0) })
	_, err := r.run(eyeballs)
	must(t, err)
	r.want(t, "0 begin 0", "250 begin 1", "500 win 0", "500 win 1")
}

// TestRaceOfEagerTasks: an attempt may be over when its task has been made.
func TestRaceOfEagerTasks(t *testing.T) {
	r := newRunners(t, -1, -1, 10)
	must(t, r.l.SetTaskFactory(engine.EagerTaskFactory))
	for i := range 2 {
		r.list[i] = func(context.Context) (int, error) { return r.end(i, nil) }
	}
	_, err := r.run(eyeballs)
	must(t, err)
	r.want(t, "0 fail 0", "0 fail 1", "0 begin 2", "10 win 2")
}

// TestRaceEnds: whatever ends the caller's wait ends all attempts, and none is
// begun afterwards.
func TestRaceEnds(t *testing.T) {
	t.Run("cancelled", func(t *testing.T) {
		r := newRunners(t, 9000, 9000, 9000)
		task := newTask(r.l, func(ctx context.Context) error { _, err := r.runIn(ctx, eyeballs); return err })
		r.l.CallLater(300*time.Millisecond, func() { task.Cancel(errReason) })
		runTask(t, r.l, func(ctx context.Context) { _, _ = engine.Await(ctx, task) })
		wantCancelled(t, task, errReason)
		r.want(t, "0 begin 0", "250 begin 1", "300 cancel 0", "300 cancel 1")
	})
	t.Run("a time limit", func(t *testing.T) {
		r := newRunners(t, 9000, 9000, 9000)
		runTask(t, r.l, func(ctx context.Context) {
			ctx, cancel := engine.Timeout(ctx, 100*time.Millisecond)
			defer cancel()
			_, err := r.runIn(ctx, eyeballs)
			wantErr(t, "the time limit", err, engine.ErrTimeout)
		})
		r.want(t, "0 begin 0", "100 cancel 0")
	})
	t.Run("with a winner", func(t *testing.T) {
		r := newRunners(t, 100)
		task := newTask(r.l, func(ctx context.Context) error { _, err := r.runIn(ctx, 0); return err })
		win := r.list[0]
		r.list[0] = func(ctx context.Context) (int, error) {
			defer task.Cancel(errReason)
			return win(ctx)
		}
		runTask(t, r.l, func(ctx context.Context) { _, _ = engine.Await(ctx, task) })
		wantCancelled(t, task, errReason)
		r.clean()
	})
}
