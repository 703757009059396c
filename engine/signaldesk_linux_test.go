package engine_test

import (
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"golang.org/x/sys/unix"
)

// TestSignalsKeepTheirOrder, on one loop and on two: those that one thread gets, one
// after the other, upwards by their numbers.
func TestSignalsKeepTheirOrder(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l, other := newLoop(t), newLoop(t)
	got := make(chan string, 10)
	at := map[*engine.Loop][]syscall.Signal{
		l:     {syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGIO},
		other: {syscall.SIGCONT, syscall.SIGWINCH},
	}
	for loop, all := range at {
		for _, sig := range all {
			must(t, loop.AddSignalHandler(sig, func() { got <- sig.String() }))
		}
		start(t, loop)
	}
	for range 300 {
		for _, all := range at {
			var want, handled []string
			for _, sig := range all {
				must(t, unix.Tgkill(unix.Getpid(), unix.Gettid(), sig))
				want = append(want, sig.String())
			}
			for range all {
				handled = append(handled, <-got)
			}
			if !slices.Equal(handled, want) {
				t.Fatalf("handled %s, want %s", strings.Join(handled, ", "), strings.Join(want, ", "))
			}
		}
	}
}

// TestSignalDeskIsLeft: the goroutine that carries signals is there while somebody
// has one, and each signal finds its handler in between.
func TestSignalDeskIsLeft(t *testing.T) {
	l := newLoop(t)
	got := make(chan struct{}, 1)
	start(t, l)
	for range 200 {
		onLoop(t, l, func() { must(t, l.AddSignalHandler(syscall.SIGUSR1, func() { got <- struct{}{} })) })
		raise(t, syscall.SIGUSR1)
		<-got
		onLoop(t, l, func() {
			had, err := l.RemoveSignalHandler(syscall.SIGUSR1)
			must(t, err)
			isEqual(t, "had", had, true)
		})
	}
	all := make([]byte, 1<<20)
	for strings.Contains(string(all[:runtime.Stack(all, true)]), "engine.(*desk).serve") {
		runtime.Gosched()
	}
}
