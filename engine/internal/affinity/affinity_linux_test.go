package affinity

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// status is what /proc says about the calling thread's processors.
func status(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/status", unix.Gettid()))
	if err != nil {
		t.Error(err)
	}
	_, rest, _ := strings.Cut(string(text), "Cpus_allowed_list:\t")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// locked runs fn on a thread that ends with it.
func locked(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		fn()
	}()
	<-done
}

// TestAllowed: what a pinned thread is told is what any other is told.
func TestAllowed(t *testing.T) {
	all, err := Allowed()
	if err != nil || len(all) != runtime.NumCPU() || !slices.IsSorted(all) {
		t.Fatalf("Allowed: %v, %v, want %d processors", all, err, runtime.NumCPU())
	}
	locked(func() {
		if _, err := Pin(all[:1]); err != nil {
			t.Error(err)
		}
		if again, err := Allowed(); err != nil || !slices.Equal(again, all) {
			t.Errorf("on a pinned thread: %v, %v, want %v", again, err, all)
		}
	})
}

// TestPin: each processor by itself and all of them, and back.
func TestPin(t *testing.T) {
	all, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	sets := [][]int{all}
	for _, cpu := range all {
		sets = append(sets, []int{cpu}, []int{cpu, cpu})
	}
	for _, cpus := range sets {
		locked(func() {
			before := status(t)
			undo, err := Pin(cpus)
			if err != nil {
				t.Error(err)
				return
			}
			want := before
			if len(cpus) < len(all) || cpus[0] == cpus[len(cpus)-1] {
				want = fmt.Sprint(cpus[0])
			}
			if got := status(t); got != want {
				t.Errorf("pinned to %v the thread runs on %s, want %s", cpus, got, want)
			}
			if undo(); status(t) != before {
				t.Errorf("in the end the thread runs on %s, and did on %s before", status(t), before)
			}
		})
	}
}

// TestPinToNone: a processor that there is not changes nothing.
func TestPinToNone(t *testing.T) {
	locked(func() {
		before := status(t)
		undo, err := Pin([]int{limit - 1})
		if sys, ok := err.(*os.SyscallError); !ok || sys.Syscall != "sched_setaffinity" || sys.Err != unix.EINVAL || undo != nil {
			t.Errorf("Pin: %v, an undo: %t", err, undo != nil)
		}
		if status(t) != before {
			t.Errorf("the thread runs on %s, and did on %s before", status(t), before)
		}
	})
}
