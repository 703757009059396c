package poller_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// TestSignalsStayBelow: a signal that interrupts the system call neither ends
// a wait nor shows up as an error. SIGURG is the one that the runtime sends to
// preempt a goroutine.
func TestSignalsStayBelow(t *testing.T) {
	each(t, func(t *testing.T, p poller.Poller) {
		defer p.Close()
		var woken atomic.Bool
		tid := make(chan int)
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			tid <- unix.Gettid()
			_, err := p.Wait(poller.NoDeadline, poller.Block)
			if err == nil && !woken.Load() {
				err = fmt.Errorf("the wait ended before the wake-up")
			}
			done <- err
		}()
		const signals = 50
		thread := <-tid
		for range signals {
			select {
			case err := <-done:
				t.Fatal(err)
			default:
			}
			asleep(t, thread)
			if err := unix.Tgkill(os.Getpid(), thread, unix.SIGURG); err != nil {
				t.Fatal(err)
			}
		}
		woken.Store(true)
		p.Wake()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// asleep returns when thread sleeps in the kernel, or after a while: a signal
// that comes too early proves less and fails nothing.
func asleep(t *testing.T, thread int) {
	t.Helper()
	path := fmt.Sprintf("/proc/self/task/%d/stat", thread)
	for range 1000 {
		stat, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.LastIndexByte(stat, ')'); i > 0 && bytes.HasPrefix(stat[i:], []byte(") S")) {
			return
		}
		runtime.Gosched()
	}
}
