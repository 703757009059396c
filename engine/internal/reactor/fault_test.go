package reactor

import (
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// steps are places of a turn in which a callback can misbehave: each arranges
// that f is called there, in the next turn or the one after.
var steps = map[string]func(t testing.TB, r *Reactor, p opener, f func()){
	"5 ready":  func(t testing.TB, r *Reactor, _ opener, f func()) { soon(t, r, f) },
	"4 mail":   func(t testing.TB, r *Reactor, _ opener, f func()) { must(t, r.Post(invoke, f)) },
	"7 due":    func(t testing.TB, r *Reactor, _ opener, f func()) { must(t, r.Schedule(timer(f), r.Now())) },
	"8 flush":  func(_ testing.TB, r *Reactor, _ opener, f func()) { r.AtTurnEnd(flushFunc(f)) },
	"6 reader": func(t testing.TB, r *Reactor, p opener, f func()) { onEvent(t, r, p, f, r.AddReader, r.RemoveReader) },
	"6 writer": func(t testing.TB, r *Reactor, p opener, f func()) { onEvent(t, r, p, f, r.AddWriter, r.RemoveWriter) },
	"6 attached": func(t testing.TB, r *Reactor, p opener, f func()) {
		fd := p.Open()
		p.SetReady(fd, poller.Readable)
		_, err := r.Attach(fd, handlerFunc(func(*poller.Event, poller.Ready) { f() }), poller.In|poller.Edge)
		must(t, err)
	},
	"6 standing": func(t testing.TB, r *Reactor, p opener, f func()) {
		token, err := r.Attach(p.Open(), handlerFunc(func(*poller.Event, poller.Ready) { f() }), poller.In|poller.Edge)
		must(t, err)
		r.Again(token, poller.Readable)
	},
}

// opener makes descriptors.
type opener interface {
	Open() int
	SetReady(fd int, r poller.Ready)
}

func onEvent(t testing.TB, r *Reactor, p opener, f func(), add func(int, func(any), any) error, remove func(int) bool) {
	fd := p.Open()
	p.SetReady(fd, poller.Readable|poller.Writable)
	must(t, add(fd, func(any) {
		remove(fd)
		f()
	}, nil))
}

// TestPanic: a panic in any step is reported with its value and its stack, and
// takes nothing from others. The run that Stop ends in the same turn ends there.
func TestPanic(t *testing.T) {
	for name, arrange := range steps {
		t.Run(name, func(t *testing.T) {
			var faults []Fault
			r, p := newSim(t, Config{Fault: func(f Fault) { faults = append(faults, f) }})
			ran := 0
			arrange(t, r, p, func() { ran++ })
			arrange(t, r, p, func() {
				r.Stop()
				soon(t, r, func() { ran += 10 })
				panicHere()
			})
			arrange(t, r, p, func() { ran++ })
			must(t, r.Run())
			if ran != 2 || len(faults) != 1 || r.Stats().Turns != 1 {
				t.Fatalf("%d of 2 others ran, in %d turns; faults: %v", ran, r.Stats().Turns, faults)
			}
			if f := faults[0]; f.Panic != "on purpose" || f.Err != nil || !strings.Contains(string(f.Stack), "panicHere") {
				t.Errorf("reported %v", f)
			}
			if within(t, r, func() {}); ran != 12 {
				t.Error("what the callback scheduled before its panic did not run")
			}
		})
	}
}

func panicHere() { panic("on purpose") }

// TestPanicValues: every panic is a fault, also one of nil or of the runtime.
func TestPanicValues(t *testing.T) {
	var null []int
	failure := errors.New("failure")
	for name, c := range map[string]struct {
		f  func()
		is func(any) bool
	}{
		"error":   {func() { panic(failure) }, func(v any) bool { return v == failure }},
		"runtime": {func() { _ = null[len(null)] }, func(v any) bool { _, ok := v.(runtime.Error); return ok }},
		"nil":     {func() { panic(nil) }, func(v any) bool { _, ok := v.(*runtime.PanicNilError); return ok }}, //nolint
	} {
		t.Run(name, func(t *testing.T) {
			var faults []Fault
			r, _ := newSim(t, Config{Fault: func(f Fault) { faults = append(faults, f) }})
			within(t, r, c.f)
			if len(faults) != 1 || !c.is(faults[0].Panic) {
				t.Errorf("faults %v", faults)
			}
		})
	}
}

// TestPanicEverywhere: every callback of a turn panics, and all of them run.
func TestPanicEverywhere(t *testing.T) {
	var faults int
	r, p := newSim(t, Config{Fault: func(Fault) { faults++ }})
	want := 0
	for range 3 {
		for _, arrange := range steps {
			arrange(t, r, p, panicHere)
			want++
		}
	}
	within(t, r, panicHere)
	if faults != want+1 || r.Stats().Faults != uint64(want+1) {
		t.Errorf("%d faults, %d counted, want %d", faults, r.Stats().Faults, want+1)
	}
}

// TestFaultUsesLoop: the fault handler may use the reactor.
func TestFaultUsesLoop(t *testing.T) {
	var r *Reactor
	var onLoop bool
	r, _ = newSim(t, Config{Fault: func(Fault) {
		onLoop = r.OnLoop()
		must(t, r.Soon(invoke, r.Stop))
	}})
	run(t, r, panicHere)
	if !onLoop {
		t.Error("the handler was not called on the loop")
	}
}

// stderr returns what f prints to standard error. The tests of a package run
// one after the other, unless they say otherwise.
func stderr(t *testing.T, f func()) string {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(in)
		text <- string(b)
	}()
	old := os.Stderr
	os.Stderr = out
	defer func() { os.Stderr = old }()
	f()
	must(t, out.Close())
	s := <-text
	must(t, in.Close())
	return s
}

// TestFaultPrinted: without a handler a fault goes to standard error, and so
// does the panic of a handler, with what it was told.
func TestFaultPrinted(t *testing.T) {
	for name, c := range map[string]struct {
		handler func(Fault)
		want    []string
		faults  uint64
	}{
		"no handler":       {nil, []string{"shardloop: panic in callback: on purpose", "panicHere"}, 1},
		"handler panics":   {func(Fault) { panic("handler") }, []string{"panic in the fault handler: handler", "on purpose"}, 2},
		"handler panics 0": {func(Fault) { panic(nil) }, []string{"panic in the fault handler: ", "on purpose"}, 2}, //nolint
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(Config{Poller: newFlaky(false), Fault: c.handler})
			must(t, err)
			after := false
			text := stderr(t, func() {
				run(t, r, panicHere, func() { after = true; r.Stop() })
			})
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("printed %q, without %q", text, want)
				}
			}
			if !after || r.Stats().Faults != c.faults {
				t.Errorf("the loop went on: %t; %d faults, want %d", after, r.Stats().Faults, c.faults)
			}
			must(t, r.Close())
		})
	}
}

// TestFaultString: both kinds of fault are printed with what matters.
func TestFaultString(t *testing.T) {
	if got := (Fault{Err: io.EOF}).String(); got != "EOF" {
		t.Errorf("fault prints as %q", got)
	}
	got := Fault{Panic: "p", Stack: []byte("stack")}.String()
	if !slices.Equal(strings.Fields(got), []string{"panic", "in", "callback:", "p", "stack"}) {
		t.Errorf("fault prints as %q", got)
	}
}
