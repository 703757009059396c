//go:build unix

package engine_test

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"reflect"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// raise sends sig to this process. Only for signals with a handler, or with the
// default action of being ignored.
func raise(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		t.Fatal(err)
	}
}

// handle adds a handler on the loop that sends to the channel it returns.
func handle(t *testing.T, l *engine.Loop, sig syscall.Signal) <-chan struct{} {
	t.Helper()
	calls := make(chan struct{}, 16)
	must(t, l.AddSignalHandler(sig, func() { calls <- struct{}{} }))
	return calls
}

// quiet fails the test if there was a call.
func quiet(t *testing.T, what string, calls <-chan struct{}) {
	t.Helper()
	if n := len(calls); n > 0 {
		t.Errorf("%s: %d calls, want none", what, n)
	}
}

func TestSignalHandler(t *testing.T) {
	prove(t, "SIG-01", testSignalOnLoop)
	prove(t, "SIG-02", func(t *testing.T) {
		l := newLoop(t)
		first, second := handle(t, l, syscall.SIGUSR1), handle(t, l, syscall.SIGUSR1)
		start(t, l)
		raise(t, syscall.SIGUSR1)
		<-second
		onLoop(t, l, func() {})
		quiet(t, "the replaced handler", first)
		onLoop(t, l, func() {
			if had, err := l.RemoveSignalHandler(syscall.SIGUSR1); !had || err != nil {
				t.Errorf("remove: %t, %v", had, err)
			}
			if had, err := l.RemoveSignalHandler(syscall.SIGUSR1); had || err != nil {
				t.Errorf("remove again: %t, %v; the two handlers were one registration", had, err)
			}
		})
	})
	prove(t, "SIG-09", func(t *testing.T) {
		l := newLoop(t)
		start(t, l)
		var calls <-chan struct{}
		onLoop(t, l, func() { calls = handle(t, l, syscall.SIGUSR1) })
		for range 3 { // the loop has no timer: only the signal can end its wait
			raise(t, syscall.SIGUSR1)
			<-calls
		}
		onLoop(t, l, func() {})
		quiet(t, "after three deliveries and three calls", calls)
	})
}

// testSignalOnLoop: the callback is on the loop, in the context of who added
// the handler, and free to use the loop.
func testSignalOnLoop(t *testing.T) {
	l := newLoop(t)
	ctx := context.WithValue(context.Background(), ctxKey("who"), "adder")
	var log journal
	l.CallSoonContext(ctx, func() {
		must(t, l.AddSignalHandler(syscall.SIGUSR1, func() {
			if on, err := engine.RunningLoop(); on != l {
				t.Errorf("the handler runs on %v, %v", on, err)
			}
			if who := l.Context().Value(ctxKey("who")); who != "adder" {
				t.Errorf("the handler's context has %v", who)
			}
			log.add("handler")
			l.CallSoon(func() { log.add("soon"); l.Stop() })
		}))
		raise(t, syscall.SIGUSR1)
	})
	run(t, l)
	log.want(t, "handler", "soon")
}

// noSignal is an os.Signal that the system does not know.
type noSignal struct{}

func (noSignal) Signal()        {}
func (noSignal) String() string { return "no signal" }

// badSignals are what cannot be handled.
var badSignals = map[string]os.Signal{
	"nil": nil, "foreign type": noSignal{}, "zero": syscall.Signal(0), "negative": syscall.Signal(-1),
	"1000": syscall.Signal(1000), "first of the C library": syscall.Signal(32),
	"second of the C library": syscall.Signal(33), "65": syscall.Signal(65),
	"SIGKILL": syscall.SIGKILL, "SIGSTOP": syscall.SIGSTOP,
}

func TestSignalArguments(t *testing.T) {
	prove(t, "SIG-03", func(t *testing.T) {
		l := newLoop(t)
		for name, sig := range badSignals {
			wantSignalError(t, name, l.AddSignalHandler(sig, func() {}))
		}
	})
	prove(t, "SIG-04", func(t *testing.T) {
		l := newLoop(t)
		var arg *engine.ArgError
		if err := l.AddSignalHandler(syscall.SIGUSR1, nil); !errors.As(err, &arg) || arg.Arg != "fn" {
			t.Errorf("nil callback: %v, want an *ArgError for fn", err)
		}
		if had, err := l.RemoveSignalHandler(syscall.SIGUSR1); had || err != nil {
			t.Errorf("the refused callback left a handler: %t, %v", had, err)
		}
		parameter := reflect.TypeOf(l.AddSignalHandler).In(1)
		if reflect.TypeFor[func(context.Context) error]().AssignableTo(parameter) {
			t.Errorf("a coroutine compiles as the callback, of type %v", parameter)
		}
	})
	prove(t, "SIG-08", func(t *testing.T) {
		l := newLoop(t)
		for name, sig := range badSignals {
			had, err := l.RemoveSignalHandler(sig)
			wantSignalError(t, name, err)
			if had {
				t.Errorf("%s: reports a handler", name)
			}
		}
	})
}

func wantSignalError(t *testing.T, name string, err error) {
	t.Helper()
	var arg *engine.ArgError
	if !errors.As(err, &arg) || arg.Arg != "sig" || !errors.Is(err, engine.ErrInvalidArgument) {
		t.Errorf("%s: %v, want an *ArgError for sig", name, err)
	}
}

func TestSignalsAndState(t *testing.T) {
	prove(t, "SIG-06", func(t *testing.T) {
		l := newLoop(t)
		must(t, l.Close())
		wantErr(t, "closed loop", l.AddSignalHandler(syscall.SIGUSR1, func() {}), engine.ErrLoopClosed)
	})
	prove(t, "SIG-13", testSignalRefused)
	prove(t, "SIG-14", func(t *testing.T) {
		l := newLoop(t)
		var reports []engine.ErrorContext
		l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) {
			reports = append(reports, c)
			l.Stop()
		})
		must(t, l.AddSignalHandler(syscall.SIGUSR1, func() { panic("broken handler") }))
		for range 2 {
			l.CallSoon(func() { raise(t, syscall.SIGUSR1) })
			run(t, l)
		}
		if len(reports) != 2 {
			t.Fatalf("%d reports, want 2: the handler stays", len(reports))
		}
		var p *engine.PanicError
		if c := reports[0]; !errors.As(c.Err, &p) || p.Value != "broken handler" || c.Handle == nil {
			t.Errorf("the report is %+v", c)
		}
	})
}

// testSignalRefused: an AddSignalHandler that fails leaves the handler that was
// there before.
func testSignalRefused(t *testing.T) {
	l, other := newLoop(t), newLoop(t)
	must(t, other.Close())
	calls := handle(t, l, syscall.SIGUSR1)
	var arg *engine.ArgError
	if err := l.AddSignalHandler(syscall.SIGUSR1, nil); !errors.As(err, &arg) {
		t.Errorf("nil callback: %v", err)
	}
	wantErr(t, "closed loop", other.AddSignalHandler(syscall.SIGUSR1, func() {}), engine.ErrLoopClosed)
	wantSignalError(t, "SIGKILL", l.AddSignalHandler(syscall.SIGKILL, func() {}))
	start(t, l)
	raise(t, syscall.SIGUSR1)
	<-calls
	onLoop(t, l, func() {
		if had, err := l.RemoveSignalHandler(syscall.SIGUSR1); !had || err != nil {
			t.Errorf("remove: %t, %v", had, err)
		}
	})
}

func TestSignalsOfOthers(t *testing.T) {
	prove(t, "SIG-15", func(t *testing.T) {
		l := newLoop(t)
		ours := handle(t, l, syscall.SIGUSR1)
		start(t, l)
		application := make(chan os.Signal, 1)
		signal.Notify(application, syscall.SIGCHLD)
		defer signal.Stop(application)
		raise(t, syscall.SIGCHLD)
		<-application
		quiet(t, "the loop's handler of another signal", ours)

		var child <-chan struct{}
		onLoop(t, l, func() { child = handle(t, l, syscall.SIGCHLD) })
		raise(t, syscall.SIGCHLD)
		<-child
		<-application // a handler of the loop takes nothing away either
	})
	prove(t, "SIG-16", testSignalTakenOver)
}

// testSignalTakenOver: a signal has one owner, the loop that added last.
func testSignalTakenOver(t *testing.T) {
	first, second := newLoop(t), newLoop(t)
	before, after := handle(t, first, syscall.SIGUSR1), handle(t, second, syscall.SIGUSR1)
	start(t, first)
	start(t, second)
	raise(t, syscall.SIGUSR1)
	<-after
	onLoop(t, first, func() {
		if had, err := first.RemoveSignalHandler(syscall.SIGUSR1); had || err != nil {
			t.Errorf("the first loop removes the second's handler: %t, %v", had, err)
		}
	})
	quiet(t, "the first loop", before)
	stopAndWait(first)
	must(t, first.Close())
	raise(t, syscall.SIGUSR1)
	<-after
	onLoop(t, second, func() {
		if had, err := second.RemoveSignalHandler(syscall.SIGUSR1); !had || err != nil {
			t.Errorf("the second loop: %t, %v", had, err)
		}
	})
}
