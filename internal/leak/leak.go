// Package leak makes a test binary fail when its tests leave goroutines or
// descriptors behind:
//
//	func TestMain(m *testing.M) { leak.Main(m) }
//
// What is alive before the first test is the baseline; what is alive after the
// last one and is not in the baseline is a leak. There is no list of exceptions.
// What the runtime starts once and keeps for the life of the process (the
// signal goroutine, the network poller's descriptors) is started before the
// baseline is taken, so that it needs none.
package leak

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"
)

// Runner is a *testing.M.
type Runner interface{ Run() int }

// patience is how long something may take to go away after the last test: a
// goroutine that was told to end still has to be scheduled, which a loaded
// machine may delay by seconds. Only a leak waits that long.
const patience = 20 * time.Second

// Main runs the tests and exits: with their code when they failed, with 1 when
// they passed and left something behind. Call it from TestMain alone.
func Main(m Runner) {
	os.Exit(run(m, os.Stderr, patience))
}

func run(m Runner, out io.Writer, patience time.Duration) int {
	startRuntime()
	before := take()
	if code := m.Run(); code != 0 {
		return code
	}
	left := before.wait(patience)
	for _, what := range left {
		fmt.Fprintf(out, "leak: %s\n", what)
	}
	if len(left) > 0 {
		fmt.Fprintf(out, "FAIL: the tests left %d things behind\n", len(left))
		return 1
	}
	return 0
}

// startRuntime makes the runtime open and start what it keeps for ever.
func startRuntime() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	signal.Stop(c)
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
}

// snapshot is what is alive at one moment.
type snapshot struct {
	goroutines  map[string]string // name -> stack
	descriptors map[string]string // name -> nothing more
}

func take() snapshot {
	return snapshot{goroutines(), descriptors()}
}

// wait looks until nothing is left that is not in the snapshot, or until
// patience ends, and returns what is left.
func (s snapshot) wait(patience time.Duration) []string {
	deadline := time.Now().Add(patience)
	for pause := time.Microsecond; ; pause = min(2*pause, 50*time.Millisecond) {
		runtime.Gosched()
		left := s.left()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(pause)
	}
}

func (s snapshot) left() []string {
	now := take()
	left := news(s.goroutines, now.goroutines)
	if profiled() {
		return left
	}
	return append(left, news(s.descriptors, now.descriptors)...)
}

// profiled tells whether package testing holds a profile's file open, which it
// closes only by exiting.
func profiled() bool {
	for _, name := range []string{"test.cpuprofile", "test.trace"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return true
		}
	}
	return false
}
