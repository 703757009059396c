package reactor

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller/simpoll"
)

var seedFlag = flag.Uint64("reactor.seed", 0, "seed of the random tests; 0 takes the time")

// newRand returns a source whose seed the test logs.
func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -reactor.seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// newSim makes a reactor on a simulated poller and closes it when the test
// ends. A fault that cfg does not expect fails the test. The clock starts at
// one second, so that no time of interest is zero.
func newSim(t testing.TB, cfg Config) (*Reactor, *simpoll.Poller) {
	t.Helper()
	p := simpoll.New()
	p.Advance(time.Second)
	if cfg.Poller == nil {
		cfg.Poller = p
	}
	return newReactor(t, cfg), p
}

// newReactor makes a reactor and closes it when the test ends.
func newReactor(t testing.TB, cfg Config) *Reactor {
	t.Helper()
	if cfg.Fault == nil {
		cfg.Fault = func(f Fault) { t.Errorf("fault: %v", f) }
	}
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// invoke calls the func() that it is given.
func invoke(f any) { f.(func())() }

// must fails the test with err, on whatever goroutine it runs.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// soon schedules f.
func soon(t testing.TB, r *Reactor, f func()) {
	t.Helper()
	must(t, r.Soon(invoke, f))
}

// run runs the loop, with these as its first callbacks, until Stop.
func run(t testing.TB, r *Reactor, first ...func()) {
	t.Helper()
	for _, f := range first {
		soon(t, r, f)
	}
	must(t, r.Run())
}

// within calls f on the loop, in a run of one turn.
func within(t testing.TB, r *Reactor, f func()) {
	t.Helper()
	run(t, r, f, r.Stop)
}

// start runs the loop on a goroutine of its own and returns what will get the
// result of Run.
func start(r *Reactor) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.Run() }()
	return done
}

// whenAsleep returns a channel that is closed when the loop next goes to sleep: it
// has announced its sleep by then.
func whenAsleep(p *simpoll.Poller) <-chan struct{} {
	c := make(chan struct{})
	p.Inject(simpoll.OpWait, simpoll.Fault{Do: func() { close(c) }})
	return c
}

// timer makes a timer that calls f.
func timer(f func()) *Timer {
	t := new(Timer)
	t.Init(invoke, f)
	return t
}
