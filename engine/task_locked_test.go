package engine_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
)

// lockingVariable, set to a host, makes the test binary a program with a task
// that locks its thread.
const lockingVariable = "SHARDLOOP_LOCKING_CHILD"

// TestTaskLockedChild is the program. It does nothing in the parent.
func TestTaskLockedChild(t *testing.T) {
	host := os.Getenv(lockingVariable)
	if host == "" {
		return
	}
	_, err := engine.Run(context.Background(), func(ctx context.Context) (int, error) {
		runtime.LockOSThread()
		return 0, engine.Sleep(ctx, 0)
	}, engine.Config{LockThread: host == "locked"})
	t.Errorf("the task that locked its thread has ended: %v", err)
}

// wantLockDeath runs the program, which the runtime has to end.
func wantLockDeath(t *testing.T, host string) {
	t.Helper()
	emulator.SkipChildren(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestTaskLockedChild$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), lockingVariable+"="+host, "GOTRACEBACK=none")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	const says = "coro: OS thread locking must match locking at coroutine creation"
	if cmd.ProcessState.Success() || !strings.Contains(string(out), says) {
		t.Errorf("%s: the child ended with %v, want the runtime's word on thread locking; it wrote:\n%s", host, cmd.ProcessState, out)
	}
}

// TestTaskLockedGoexit: on a loop that is locked to its thread tasks end by
// Goexit too, before and after waits, and Close ends their goroutines.
func TestTaskLockedGoexit(t *testing.T) {
	before := runtime.NumGoroutine()
	l := unhosted(t, engine.Config{LockThread: true})
	for range 3 {
		inTaskOf(t, l, func(ctx context.Context) {
			for i := range 50 {
				wantTaskEnd(t, ctx, l, 2*i+1, goexit, engine.ErrTaskExited)
			}
		})
	}
	must(t, l.Close())
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
}

// TestTaskLockedClose: Close of a locked loop ends tasks that wait, that exit
// while they are ended, and that have exited before.
func TestTaskLockedClose(t *testing.T) {
	before := runtime.NumGoroutine()
	l := unhosted(t, engine.Config{LockThread: true})
	l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
	ended := 0
	for i := range 30 {
		must(t, engine.Go(l, func(ctx context.Context) error {
			if i%3 == 0 {
				goexit()
			}
			_, err := engine.Await(ctx, engine.NewFuture[int](l))
			wantErr(t, "Await", err, engine.ErrLoopClosed)
			if ended++; i%3 == 1 {
				goexit()
			}
			return err
		}))
	}
	turn(t, l)
	must(t, l.Close())
	if ended != 20 {
		t.Errorf("%d of 20 tasks were ended", ended)
	}
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
}
