//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// interruptIgnored is whether the process began with SIGINT ignored, as it does
// in the background of some shells: the default action is to be ignored then.
var interruptIgnored = signal.Ignored(os.Interrupt)

func TestRunInterrupted(t *testing.T) {
	prove(t, "RUN-43", func(t *testing.T) {
		t.Run("first", testFirstInterrupt)
		t.Run("second", testSecondInterrupt)
		t.Run("third", func(t *testing.T) {
			if !interruptIgnored {
				wantDeath(t, "interrupted run", syscall.SIGINT)
			}
		})
	})
}

// testFirstInterrupt: it wakes the loop and cancels main, which may go on.
func testFirstInterrupt(t *testing.T) {
	err := runMain(t, context.Background(), func(ctx context.Context, l *engine.Loop) error {
		raise(t, syscall.SIGINT)
		err := endless(ctx, l)
		if n := engine.CurrentTask(ctx).Cancelling(); n != 1 {
			t.Errorf("main was asked %d times", n)
		}
		return err
	})
	wantErr(t, "Run", err, engine.ErrCancelled)
	wantErr(t, "Run", err, engine.ErrInterrupted)

	got, err := engine.Run(context.Background(), func(ctx context.Context) (string, error) {
		l, _ := engine.RunningLoop()
		raise(t, syscall.SIGINT)
		_ = endless(ctx, l)
		return "saved", engine.Sleep(ctx, 0)
	}, hosted(t, engine.Config{}))
	if got != "saved" || err != nil {
		t.Errorf("a main that goes on: %q, %v", got, err)
	}
}

// testSecondInterrupt: the run is over whatever main does; the clean-up cancels
// main once more and waits for it.
func testSecondInterrupt(t *testing.T) {
	var j journal
	err := runMain(t, context.Background(), func(ctx context.Context, l *engine.Loop) error {
		for range 2 {
			raise(t, syscall.SIGINT)
			j.add(fmt.Sprint(endless(ctx, l)))
		}
		return nil
	})
	if err != engine.ErrInterrupted {
		t.Errorf("Run: %v, want %v", err, engine.ErrInterrupted)
	}
	j.want(t, "cancelled: interrupted", "cancelled")
}

// The third interrupt comes in the clean-up. Ignoring a signal is for good, so a
// child does it, and ends of another one.
func init() {
	signalChildren["ignoring run"] = func(t *testing.T, _ *engine.Loop, _ syscall.Signal) {
		signal.Ignore(os.Interrupt)
		must(t, runMain(t, context.Background(), func(ctx context.Context, _ *engine.Loop) error {
			raise(t, syscall.SIGINT)
			return engine.Sleep(ctx, time.Millisecond)
		}))
		if !signal.Ignored(os.Interrupt) {
			t.Fatal("Run has ended the ignoring")
		}
	}
	signalChildren["interrupted run"] = func(t *testing.T, _ *engine.Loop, sig syscall.Signal) {
		_ = runMain(t, context.Background(), func(ctx context.Context, l *engine.Loop) error {
			for range 2 {
				raise(t, sig)
				_ = endless(ctx, l)
			}
			fmt.Println("ready to die")
			raise(t, sig)
			select {} // until the signal has done its work
		})
	}
}

// TestRunInterruptedBeside has others who care about the signal.
func TestRunInterruptedBeside(t *testing.T) {
	t.Run("NotifyContext", testNotifyContext)
	t.Run("a handler of main's", func(t *testing.T) {
		err := runMain(t, context.Background(), func(ctx context.Context, l *engine.Loop) error {
			handled := engine.NewFuture[int](l)
			must(t, l.AddSignalHandler(os.Interrupt, func() { _ = handled.SetResult(1) }))
			raise(t, syscall.SIGINT)
			_, err := engine.Await(ctx, handled)
			return err
		})
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Run("ignored", func(t *testing.T) { wantDeath(t, "ignoring run", syscall.SIGTERM) })
	t.Run("given back", func(t *testing.T) {
		var l *engine.Loop
		must(t, runMain(t, context.Background(), func(_ context.Context, inside *engine.Loop) error {
			l = inside
			return nil
		}))
		if had, err := l.RemoveSignalHandler(os.Interrupt); had || err != nil {
			t.Errorf("after Run the loop has a handler: %t, %v", had, err)
		}
	})
}

// testNotifyContext: a ctx that ends with the same signal makes no second
// cancellation. The pause gives a second one the time to come.
func testNotifyContext(t *testing.T) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := runMain(t, ctx, func(main context.Context, l *engine.Loop) error {
		raise(t, syscall.SIGINT)
		err := endless(main, l)
		noticed := engine.RunInExecutor(l, nil, func() (noValue, error) { <-ctx.Done(); return noValue{}, nil })
		if _, err := engine.Await(main, noticed); err != nil {
			t.Errorf("a wait after the cancellation: %v", err)
		}
		if err := engine.Sleep(main, 10*time.Millisecond); err != nil {
			t.Errorf("a second cancellation: %v", err)
		}
		if n := engine.CurrentTask(main).Cancelling(); n != 1 {
			t.Errorf("main was asked %d times", n)
		}
		return err
	})
	wantErr(t, "Run", err, engine.ErrCancelled)
}
