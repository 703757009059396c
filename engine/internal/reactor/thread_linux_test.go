package reactor

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine/internal/affinity"
	"golang.org/x/sys/unix"
)

// processors are those that the calling thread may run on.
func processors(t *testing.T) (cpus []int) {
	t.Helper()
	set := unix.NewCPUSet(1 << 13)
	must(t, unix.SchedGetaffinityDynamic(0, set))
	for cpu := range 1 << 13 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// allProcessors are those that an unpinned thread may run on.
func allProcessors(t *testing.T) []int {
	t.Helper()
	all, err := affinity.Allowed()
	must(t, err)
	return all
}

// wantNonePinned complains about threads of the process that may run on less than
// others do.
func wantNonePinned(t *testing.T) {
	t.Helper()
	seen := map[string]bool{}
	files, err := filepath.Glob("/proc/self/task/*/status")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // has ended
		}
		_, rest, _ := strings.Cut(string(text), "Cpus_allowed_list:")
		line, _, _ := strings.Cut(rest, "\n")
		seen[line] = true
	}
	if len(seen) != 1 {
		t.Errorf("threads run on different processors: %v", seen)
	}
}

// TestPinned: every callback of every run is on the processors of the Config, and
// a goroutine that a callback has started is not.
func TestPinned(t *testing.T) {
	all := allProcessors(t)
	for _, cpu := range all {
		for _, dies := range []bool{false, true} {
			r, p := newSim(t, Config{LockThread: true, CPUs: []int{cpu}})
			note := func() {
				if got := processors(t); !slices.Equal(got, []int{cpu}) {
					t.Errorf("a callback of a loop that is pinned to %d runs on %v", cpu, got)
				}
			}
			for _, arrange := range steps {
				arrange(t, r, p, note)
			}
			within(t, r, note)
			elsewhere(1, func() { within(t, r, note) })
			var others []int
			within(t, r, func() { elsewhere(1, func() { others = processors(t) }) })
			if !slices.Equal(others, all) {
				t.Errorf("a goroutine that a pinned loop has started runs on %v, want %v", others, all)
			}
			if dies {
				soon(t, r, runtime.Goexit)
				ends(t, r)
			}
		}
	}
}

// TestUnpinned: however a reactor ends, no thread is pinned any more when Close
// returns, whether it has ended by then or not.
func TestUnpinned(t *testing.T) {
	cpus := allProcessors(t)[:1]
	for i := range 100 {
		r, _ := newSim(t, Config{LockThread: true, CPUs: cpus})
		if within(t, r, func() {}); i%2 == 0 {
			soon(t, r, runtime.Goexit)
			ends(t, r)
		}
		must(t, r.Close())
		wantNonePinned(t)
	}
}

// TestPinningFails: a run that cannot be pinned ends with the error, before its
// first turn. The next one tries again, and what is scheduled stays so.
func TestPinningFails(t *testing.T) {
	var told []error
	cpus := []int{1<<13 - 1}
	r, _ := newSim(t, Config{LockThread: true, CPUs: cpus, Failed: func(err error) { told = append(told, err) }})
	ran := false
	soon(t, r, func() { ran = true; r.Stop() })
	want := func(err error) {
		t.Helper()
		var sys *os.SyscallError
		if !errors.As(err, &sys) || sys.Syscall != "sched_setaffinity" || ran || r.Running() {
			t.Fatalf("the run ended with %v, running %t, a callback has run: %t", err, r.Running(), ran)
		}
	}
	want(r.Run())
	done, err := r.Start()
	must(t, err)
	failed := <-done
	want(failed)
	if len(told) != 1 || told[0] != failed {
		t.Errorf("told of %v, want %v", told, failed)
	}
	cpus[0] = allProcessors(t)[0]
	if must(t, r.Run()); !ran {
		t.Error("what was scheduled is lost")
	}
}
