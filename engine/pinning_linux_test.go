package engine_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/engine/internal/affinity"
	"github.com/shardloop/shardloop/internal/emulator"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
	"golang.org/x/sys/unix"
)

// absentCPU is a CPU that no machine has.
const absentCPU = 1 << 20

// processors are those that the calling thread may run on.
func processors(t testing.TB) (cpus []int) {
	t.Helper()
	set := unix.NewCPUSet(1 << 13)
	if err := unix.SchedGetaffinityDynamic(0, set); err != nil {
		t.Error(err)
	}
	for cpu := range 1 << 13 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// allCPUs are those that an unpinned thread may run on.
func allCPUs(t testing.TB) []int {
	t.Helper()
	all, err := affinity.Allowed()
	must(t, err)
	return all
}

// twoCPUs are the first and the last of them.
func twoCPUs(t testing.TB) (a, b int) {
	t.Helper()
	all := allCPUs(t)
	if len(all) < 2 {
		t.Skip("there is one CPU")
	}
	return all[0], all[len(all)-1]
}

// wantProcessors complains unless the calling thread may run on these.
func wantProcessors(t testing.TB, what string, want ...int) {
	t.Helper()
	if got := processors(t); !slices.Equal(got, want) {
		t.Errorf("%s runs on %v, want %v", what, got, want)
	}
}

// TestCPUs: callbacks and tasks of a pinned loop run on its CPUs, in every run, and
// what they start elsewhere does not.
func TestCPUs(t *testing.T) {
	all := allCPUs(t)
	sets := [][]int{slices.Clone(all)}
	for _, cpu := range all {
		sets = append(sets, []int{cpu})
	}
	for _, cpus := range sets {
		given := slices.Clone(cpus)
		l := unhosted(t, engine.Config{CPUs: given})
		given[0] = absentCPU
		for range 2 {
			l.CallSoon(func() { wantProcessors(t, "a callback", cpus...) })
			l.CallLater(time.Microsecond, func() { wantProcessors(t, "a timer", cpus...) })
			inTaskOf(t, l, func(ctx context.Context) {
				wantProcessors(t, "a task", cpus...)
				must(t, engine.Sleep(ctx, time.Millisecond))
				wantProcessors(t, "a task that has waited", cpus...)
				_, err := engine.Await(ctx, engine.RunInExecutor(l, nil, func() (int, error) {
					wantProcessors(t, "an executor", all...)
					return 0, nil
				}))
				must(t, err)
			})
		}
		l.CPUs()[0] = absentCPU
		if got := l.CPUs(); !slices.Equal(got, cpus) {
			t.Errorf("CPUs: %v, want %v", got, cpus)
		}
	}
	isEqual(t, "the CPUs of a loop that is not pinned", len(newLoop(t).CPUs()), 0)
}

// TestCPUsOfNewThreads: the threads that the runtime has to start for goroutines of
// a pinned loop are not pinned. Each goroutine blocks one.
func TestCPUsOfNewThreads(t *testing.T) {
	all := allCPUs(t)
	l := unhosted(t, engine.Config{CPUs: all[:1]})
	var pipe [2]int
	must(t, unix.Pipe2(pipe[:], unix.O_CLOEXEC))
	defer unix.Close(pipe[0])
	const n = 50
	var begun, ended sync.WaitGroup
	block := func() {
		for range n {
			begun.Add(1)
			ended.Go(func() {
				wantProcessors(t, "a goroutine of a pinned loop", all...)
				begun.Done()
				_, _ = syscall.Read(pipe[0], make([]byte, 1)) // until the end
				wantProcessors(t, "a goroutine that has blocked", all...)
			})
		}
		begun.Wait()
	}
	inTaskOf(t, l, func(context.Context) { block() })
	l.CallSoon(block)
	turn(t, l)
	must(t, unix.Close(pipe[1]))
	ended.Wait()
}

// TestCPUsBlock: a pinned loop does not park.
func TestCPUsBlock(t *testing.T) {
	p := &modes{Poller: simpoll.New()}
	l := unhosted(t, engine.Config{Poller: p, CPUs: allCPUs(t)})
	l.CallAt(time.Second, l.Stop)
	if run(t, l); !slices.Equal(p.seen, []poller.Mode{poller.Block}) {
		t.Errorf("waited in modes %v", p.seen)
	}
}

// TestCPUsOfGroup: the loops of a group take the CPUs in turn, as they are listed.
func TestCPUsOfGroup(t *testing.T) {
	a, b := twoCPUs(t)
	for _, cpus := range [][]int{{a}, {a, b}, {b, a}, {b, a, a}} {
		g := pinnedGroup(t, 5, cpus...)
		for i, l := range g.Loops() {
			want := cpus[i%len(cpus)]
			onLoop(t, l, func() { wantProcessors(t, "a loop of a group", want) })
			if got := l.CPUs(); !slices.Equal(got, []int{want}) {
				t.Errorf("the CPUs of loop %d of %v are %v", i, cpus, got)
			}
		}
	}
}

// TestCPUsRefused: a loop or a group with a CPU that the process may not use is
// refused before anything is made, however few loops there are.
func TestCPUsRefused(t *testing.T) {
	cpus := []int{allCPUs(t)[0], absentCPU}
	p := simpoll.New()
	_, err := engine.NewEventLoop(engine.Config{Poller: p, CPUs: cpus})
	wantArgError(t, "NewEventLoop", err, "CPUs")
	if p.Wake() == nil {
		t.Error("the poller of a loop that came to nothing is open")
	}
	for n := range 3 {
		_, err = engine.NewGroup(n, engine.Config{CPUs: cpus})
		wantArgError(t, "NewGroup", err, "CPUs")
	}
	p = simpoll.New()
	_, err = engine.NewGroup(1, engine.Config{Poller: p, CPUs: cpus})
	wantArgError(t, "NewGroup", err, "CPUs")
	if p.Wake() == nil {
		t.Error("the poller of a group that came to nothing is open")
	}
}

// pinnedVariable, set to a CPU, makes the test binary a program that is to be on
// this CPU alone.
const pinnedVariable = "SHARDLOOP_PINNED_CHILD"

// TestCPUsChild is the program. It does nothing in the parent.
func TestCPUsChild(t *testing.T) {
	text, ok := os.LookupEnv(pinnedVariable)
	if !ok {
		return
	}
	cpu, err := strconv.Atoi(text)
	must(t, err)
	wantProcessors(t, "the program", cpu)
	isEqual(t, "the number of processors", runtime.NumCPU(), 1)
	inTaskOf(t, unhosted(t, engine.Config{CPUs: []int{cpu}}), func(context.Context) {})
	_, err = engine.NewEventLoop(engine.Config{CPUs: []int{cpu, cpu + 1}})
	wantArgError(t, "another CPU", err, "CPUs")
}

// TestCPUsOfPrograms: a program that a pinned loop starts is pinned as the loop is,
// and cannot pin its loops elsewhere. One of another goroutine is not.
func TestCPUsOfPrograms(t *testing.T) {
	emulator.SkipChildren(t)
	child := func() *exec.Cmd { return exec.Command(os.Args[0], "-test.run=^TestCPUsChild$", "-test.timeout=2m") }
	start := func(cpu int) (string, error) {
		cmd := child()
		cmd.Env = append(os.Environ(), pinnedVariable+"="+strconv.Itoa(cpu))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	a, b := twoCPUs(t)
	for _, cpu := range []int{a, b} {
		inTaskOf(t, unhosted(t, engine.Config{CPUs: []int{cpu}}), func(context.Context) {
			if out, err := start(cpu); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	if out, err := start(a); err == nil {
		t.Errorf("a program of no loop is pinned: %s", out)
	}
}
