package engine_test

import (
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/conform"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// hostVariable chooses how the loops of all tests wait: auto, block, park, or
// locked, which is LockThread. Empty is auto.
const hostVariable = "SHARDLOOP_TEST_HOST"

// hosted is config under the host that is tested.
func hosted(t testing.TB, config engine.Config) engine.Config {
	t.Helper()
	switch kind := os.Getenv(hostVariable); kind {
	case "", "auto":
		config.Host = engine.HostAuto
	case "block":
		config.Host = engine.HostBlock
	case "park":
		config.Host = engine.HostPark
	case "locked":
		config.LockThread = true
	default:
		t.Fatalf("%s=%q is none of auto, block, park and locked", hostVariable, kind)
	}
	return config
}

// newLoop makes a loop that ends with the test, under the host that is tested.
// There is at most one config.
func newLoop(t testing.TB, config ...engine.Config) *engine.Loop {
	t.Helper()
	return unhosted(t, hosted(t, append(config, engine.Config{})[0]))
}

// unhosted makes a loop that ends with the test, under the host of config.
func unhosted(t testing.TB, config engine.Config) *engine.Loop {
	t.Helper()
	l, err := engine.NewEventLoop(config)
	if errors.Is(err, engine.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeLoop(t, l) })
	return l
}

// closeLoop ends the run if there is one, and closes the loop.
func closeLoop(t testing.TB, l *engine.Loop) {
	t.Helper()
	stopAndWait(l)
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// backgroundRuns holds the runs of start, each a channel that is closed when the
// run is over.
var backgroundRuns sync.Map // of *engine.Loop to chan struct{}

// stopAndWait ends a run that start began. It waits on a channel, because a
// goroutine that looks again and again keeps a lone processor from the runtime's
// poller, where the loop may be parked.
func stopAndWait(l *engine.Loop) {
	if over, ok := backgroundRuns.LoadAndDelete(l); ok {
		l.Stop()
		<-over.(chan struct{})
	}
}

// simLoop makes a loop on a simulated poller with a clock of its own.
func simLoop(t testing.TB) (*engine.Loop, *simpoll.Poller) {
	t.Helper()
	p := simpoll.New()
	return newLoop(t, engine.Config{Poller: p}), p
}

// prove runs fn as the subtest that proves the behaviour id.
func prove(t *testing.T, id string, fn func(t *testing.T)) {
	t.Helper()
	t.Run(id, func(t *testing.T) {
		conform.Proves(t, id)
		fn(t)
	})
}

// run runs the loop until something stops it.
func run(t testing.TB, l *engine.Loop) {
	t.Helper()
	if err := l.RunForever(); err != nil {
		t.Fatalf("RunForever: %v", err)
	}
}

// turn runs one turn of the loop, which does not wait.
func turn(t testing.TB, l *engine.Loop) {
	t.Helper()
	l.Stop()
	run(t, l)
}

// start runs the loop in the background until the test ends.
func start(t testing.TB, l *engine.Loop) {
	t.Helper()
	over := make(chan struct{})
	backgroundRuns.Store(l, over)
	go func() {
		defer close(over)
		if err := l.RunForever(); err != nil {
			t.Errorf("RunForever: %v", err)
		}
	}()
	t.Cleanup(func() { stopAndWait(l) })
	onLoop(t, l, func() {})
}

// onLoop runs fn as a callback of a running loop and waits for it.
func onLoop(t testing.TB, l *engine.Loop, fn func()) {
	t.Helper()
	done := make(chan struct{})
	if _, err := l.CallSoonThreadsafe(func() { defer close(done); fn() }); err != nil {
		t.Fatalf("CallSoonThreadsafe: %v", err)
	}
	<-done
}

// wantErr complains unless err is target.
func wantErr(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", what, err, target)
	}
}

// journal is a list of what happened, in order. Any goroutine.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// adds is a callback that adds line.
func (j *journal) adds(line string) func() { return func() { j.add(line) } }

// want complains unless exactly lines were added since the last want.
func (j *journal) want(t testing.TB, lines ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.lines, lines) {
		t.Errorf("it happened %q, want %q", j.lines, lines)
	}
	j.lines = nil
}

// spy is a poller that tells what the loop asks of it. Its functions may be
// nil; they run where the loop calls the poller.
type spy struct {
	poller.Poller
	poll func()
	wait func(deadline time.Duration)
	wake func() error // called after the wake-up; its error is the answer
}

func (s *spy) Poll() ([]poller.Event, error) {
	if s.poll != nil {
		s.poll()
	}
	return s.Poller.Poll()
}

func (s *spy) Wait(deadline int64, m poller.Mode) ([]poller.Event, error) {
	if s.wait != nil {
		s.wait(time.Duration(deadline))
	}
	return s.Poller.Wait(deadline, m)
}

func (s *spy) Wake() error {
	err := s.Poller.Wake()
	if s.wake != nil {
		return s.wake()
	}
	return err
}

// newSpy is a spy on the platform's best poller.
func newSpy(t testing.TB) *spy {
	t.Helper()
	p, err := poller.New()
	if errors.Is(err, engine.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &spy{Poller: p}
}

// tell leaves a sign in c, unless there is one.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// newTimer is a timer that calls fn.
func newTimer(fn func()) *engine.Timer {
	t := new(engine.Timer)
	t.Init(func(any) { fn() }, nil)
	return t
}

func nop()       {}
func nopArg(any) {}
