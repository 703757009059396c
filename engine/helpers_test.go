package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller/simpoll"
)

// newSim makes a loop on a simulated poller and closes it when the test ends.
func newSim(t testing.TB, cfg Config) (*Loop, *simpoll.Poller) {
	t.Helper()
	p := simpoll.New()
	p.Advance(time.Second)
	cfg.Poller = p
	return newLoop(t, cfg), p
}

// newLoop makes a loop and closes it when the test ends. Without a poller for
// the platform it skips the test.
func newLoop(t testing.TB, cfg Config) *Loop {
	t.Helper()
	l, err := NewEventLoop(cfg)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { expect(t, "Close", l.Close(), nil) })
	return l
}

// expect fails the test unless err is want.
func expect(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// run runs the loop with these as its first callbacks, until Stop.
func run(t testing.TB, l *Loop, first ...func()) {
	t.Helper()
	for _, f := range first {
		expect(t, "CallSoonArg", l.CallSoonArg(invoke, f), nil)
	}
	expect(t, "RunForever", l.RunForever(), nil)
}

// timer makes a timer that calls f.
func timer(f func()) *Timer {
	t := new(Timer)
	t.Init(invoke, f)
	return t
}
