//go:build unix

package engine_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
)

// childVariable names what a child of TestSignalDefault does.
const childVariable = "SHARDLOOP_TEST_SIGNAL"

// signalChildren end with the signal's default action, which in Go ends the
// process for SIGHUP, SIGINT and SIGTERM alone. Each gets a loop and the signal,
// and returns with the default action in force.
var signalChildren = map[string]func(t *testing.T, l *engine.Loop, sig syscall.Signal){
	"removed": func(t *testing.T, l *engine.Loop, sig syscall.Signal) {
		handled(t, l, sig)
		if had, err := l.RemoveSignalHandler(sig); !had || err != nil {
			t.Fatalf("remove: %t, %v", had, err)
		}
	},
	"removed inside": func(t *testing.T, l *engine.Loop, sig syscall.Signal) {
		must(t, l.AddSignalHandler(sig, func() {
			for _, s := range []syscall.Signal{sig, syscall.SIGUSR2} {
				if had, err := l.RemoveSignalHandler(s); !had || err != nil {
					t.Errorf("remove %v: %t, %v", s, had, err)
				}
			}
			l.Stop()
		}))
		must(t, l.AddSignalHandler(syscall.SIGUSR2, func() {}))
		l.CallSoon(func() { raise(t, sig) })
		run(t, l)
	},
	"closed": func(t *testing.T, l *engine.Loop, sig syscall.Signal) {
		handled(t, l, sig)
		must(t, l.Close())
	},
}

// handled adds a handler and lets it handle one signal.
func handled(t *testing.T, l *engine.Loop, sig syscall.Signal) {
	t.Helper()
	must(t, l.AddSignalHandler(sig, l.Stop))
	l.CallSoon(func() { raise(t, sig) })
	run(t, l)
}

// TestSignalChild is the body of a child process; elsewhere it does nothing.
func TestSignalChild(t *testing.T) {
	var name string
	var sig int
	if _, err := fmt.Sscanf(os.Getenv(childVariable), "%d %q", &sig, &name); err != nil {
		return
	}
	signalChildren[name](t, newLoop(t), syscall.Signal(sig))
	fmt.Println("ready to die")
	raise(t, syscall.Signal(sig))
	select {} // until the signal has done its work
}

func TestSignalDefault(t *testing.T) {
	prove(t, "SIG-07", func(t *testing.T) {
		testRemoveSignal(t)
		wantDeath(t, "removed", syscall.SIGTERM)
		if !signal.Ignored(syscall.SIGINT) { // as it is in the background of some shells
			wantDeath(t, "removed", syscall.SIGINT)
		}
	})
	prove(t, "SIG-11", func(t *testing.T) { wantDeath(t, "removed inside", syscall.SIGTERM) })
	prove(t, "SIG-12", func(t *testing.T) { wantDeath(t, "closed", syscall.SIGTERM) })
}

func testRemoveSignal(t *testing.T) {
	l := newLoop(t)
	for i, want := range []bool{false, true, false} {
		if i == 1 {
			must(t, l.AddSignalHandler(syscall.SIGUSR1, func() {}))
		}
		if had, err := l.RemoveSignalHandler(syscall.SIGUSR1); had != want || err != nil {
			t.Errorf("remove %d: %t, %v; want %t", i, had, err, want)
		}
	}
}

// wantDeath runs a child, which has to end with its signal.
func wantDeath(t *testing.T, name string, sig syscall.Signal) {
	t.Helper()
	emulator.SkipChildren(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestSignalChild$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %q", childVariable, sig, name))
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if string(out) != "ready to die\n" || !status.Signaled() || status.Signal() != sig {
		t.Errorf("%s: the child ended with %v, want %v; it wrote:\n%s", name, cmd.ProcessState, sig, out)
	}
}
