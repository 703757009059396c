package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestTimeoutOrRequest: a request for cancellation goes before the time of a scope,
// unless it is older than the scope and comes to the task no sooner. It counts in
// either case. What is wanted is what asyncio does.
func TestTimeoutOrRequest(t *testing.T) {
	waits := map[string]func(ctx context.Context, l *engine.Loop) error{
		"Await": func(ctx context.Context, l *engine.Loop) error {
			_, err := engine.Await(ctx, engine.NewFuture[int](l))
			return err
		},
		"Sleep": func(ctx context.Context, _ *engine.Loop) error { return engine.Sleep(ctx, 0) },
		"of a task": func(ctx context.Context, l *engine.Loop) error {
			_, err := engine.Await(ctx, newTask(l, func(ctx context.Context) error { return engine.Sleep(ctx, time.Hour) }))
			return err
		},
	}
	for name, wait := range waits {
		for _, c := range []struct {
			before, after int // requests
			want          error
		}{{0, 0, engine.ErrTimeout}, {0, 1, engine.ErrCancelled}, {1, 0, engine.ErrTimeout}, {1, 1, engine.ErrCancelled}, {2, 0, engine.ErrTimeout}} {
			l, _ := simLoop(t)
			runTask(t, l, func(ctx context.Context) {
				task := engine.CurrentTask(ctx)
				request(task, c.before)
				limited, cancel := engine.Timeout(ctx, 0)
				defer cancel()
				request(task, c.after)
				wantErr(t, name, wait(limited, l), c.want)
				wantSame(t, "requests", task.Cancelling(), c.before+c.after)
				sleepFor(t, ctx, 0) // nothing is left to be delivered
			})
		}
	}
}

func request(task engine.AnyTask, n int) {
	for range n {
		task.Cancel(nil)
	}
}

// TestTimeoutOfSlowCancel: what the request has cancelled outlasts the scope.
func TestTimeoutOfSlowCancel(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		l, _ := simLoop(t)
		runTask(t, l, func(ctx context.Context) {
			inner := engine.CreateTask(l, func(ctx context.Context) (int, error) {
				err := engine.Sleep(ctx, time.Hour)
				if again := engine.Sleep(ctx, time.Minute); stubborn {
					return 5, nil
				} else {
					wantErr(t, "the second", again, engine.ErrCancelled)
				}
				return 0, err
			}, engine.TaskOptions{Eager: true})
			task := engine.CurrentTask(ctx)
			task.Cancel(nil)
			limited, cancel := engine.Timeout(ctx, time.Second)
			defer cancel()
			v, err := engine.Await(limited, inner)
			if stubborn {
				must(t, err)
				wantSame(t, "the result", v, 5)
			} else {
				wantErr(t, "Await", err, engine.ErrTimeout)
			}
			wantSame(t, "requests", task.Cancelling(), 1)
		})
	}
}

// TestTimeoutsAroundRequest: a request that is older than the inner scope goes before
// both times when it is younger than the outer one, and that has ended too.
func TestTimeoutsAroundRequest(t *testing.T) {
	for _, outside := range []time.Duration{0, time.Second} {
		l, _ := simLoop(t)
		runTask(t, l, func(ctx context.Context) {
			outer, cancel := engine.Timeout(ctx, outside)
			defer cancel()
			engine.CurrentTask(ctx).Cancel(nil)
			inner, cancel := engine.Timeout(outer, 0)
			defer cancel()
			want := engine.ErrTimeout
			if outside == 0 {
				want = engine.ErrCancelled
			}
			_, err := engine.Await(inner, engine.NewFuture[int](l))
			wantErr(t, "Await", err, want)
		})
	}
}
