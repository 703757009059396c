package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// race connects by one of several attempts, each beside those before it once they
// have taken as long as the delay. The first that succeeds wins; all others are
// cancelled, and their sockets closed before race returns. In a task of the loop.
//
//	attempt 0 -----------------------------X failed
//	      delay |--> attempt 1 ------------------------> won
//	                    delay |--> attempt 2 ---- cancelled
type race struct {
	loop   *Loop
	ctx    context.Context
	tasks  []*Task[struct{}]
	winner endpoint // its descriptor is -1 for none
	latest int      // the attempt that began last
	errs   []error
	live   int               // attempts that have not ended
	news   *Future[struct{}] // that it is time to look again, for the next wait
}

// raceFor runs the attempts. Without a winner the errors are those of the
// attempts, in order.
func raceFor(ctx context.Context, l *Loop, attempts []func(context.Context) (endpoint, error), delay time.Duration) (e endpoint, errs []error, err error) {
	r := &race{loop: l, ctx: ctx, winner: endpoint{fd: -1}, errs: make([]error, len(attempts)), news: NewFuture[struct{}](l)}
	defer func() {
		if err = cmp.Or(err, r.stop()); err != nil {
			r.closeWinner()
			e = r.winner
		}
	}()
	for i, attempt := range attempts {
		if r.start(i, attempt); r.winner.fd < 0 {
			err = r.wait(delay)
		}
		if err != nil || r.winner.fd >= 0 {
			return r.winner, nil, err
		}
	}
	for r.winner.fd < 0 && r.live > 0 {
		if err = r.wait(0); err != nil {
			return r.winner, nil, err
		}
	}
	return r.winner, r.errs, nil
}

// start begins an attempt.
func (r *race) start(i int, attempt func(context.Context) (endpoint, error)) {
	r.latest = i
	r.live++
	t := CreateTask(r.loop, func(ctx context.Context) (struct{}, error) {
		e, err := attempt(ctx)
		r.ended(i, e, err)
		return struct{}{}, nil
	}, TaskOptions{})
	r.tasks = append(r.tasks, t)
}

// ended takes the result of an attempt. A second winner is closed. An attempt
// that has others begun after it fails without news: theirs is the delay.
func (r *race) ended(i int, e endpoint, err error) {
	r.live--
	switch {
	case err != nil:
		r.errs[i] = err
	case r.winner.fd >= 0:
		_ = sock.Close(e.fd) // it came too late
	default:
		r.winner = e
	}
	if r.winner.fd >= 0 || i == r.latest || r.live == 0 {
		r.news.settle(struct{}{}, nil)
	}
}

// wait waits for news, or for the delay if there is one.
func (r *race) wait(delay time.Duration) error {
	if delay > 0 {
		news := r.news
		h := r.loop.CallLater(delay, func() { news.settle(struct{}{}, nil) })
		defer h.Cancel()
	}
	_, err := Await(r.ctx, r.news)
	r.news = NewFuture[struct{}](r.loop)
	return err
}

// stop cancels what is under way and waits for its end.
func (r *race) stop() error {
	for _, t := range r.tasks {
		t.Cancel(nil)
	}
	_, err := Await(context.WithoutCancel(r.ctx), GatherResults(r.tasks...))
	return err
}

func (r *race) closeWinner() {
	if r.winner.fd >= 0 {
		_ = sock.Close(r.winner.fd) // nobody wants it any more
		r.winner.fd = -1
	}
}
