//go:build unix

package engine_test

import (
	"errors"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestReplacedSignalKeepsDeliveries: a delivery that is on its way when the loop
// replaces the handler runs the new one.
func TestReplacedSignalKeepsDeliveries(t *testing.T) {
	l := newLoop(t)
	called := make(chan string, 1)
	handler := func(name string) func() { return func() { called <- name } }
	must(t, l.AddSignalHandler(syscall.SIGUSR1, handler("old")))
	start(t, l)
	onLoop(t, l, func() {
		raise(t, syscall.SIGUSR1)
		must(t, l.AddSignalHandler(syscall.SIGUSR1, handler("new")))
	})
	if got := <-called; got != "new" {
		t.Errorf("the %s handler ran", got)
	}
}

// TestCloseTwiceAtOnce: two goroutines close a loop that has a handler.
func TestCloseTwiceAtOnce(t *testing.T) {
	for range 100 {
		l := newLoop(t)
		must(t, l.AddSignalHandler(syscall.SIGUSR1, nop))
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { must(t, l.Close()) })
		}
		both.Wait()
	}
}

// TestCloseFinishesBesideAnError: a poller that does not close keeps nothing else
// from being released.
func TestCloseFinishesBesideAnError(t *testing.T) {
	failure := errors.New("on purpose")
	l, err := engine.NewEventLoop(engine.Config{Poller: &failingClose{newSpy(t), failure}})
	must(t, err)
	must(t, l.AddSignalHandler(syscall.SIGUSR1, nop))
	wantErr(t, "Close", l.Close(), failure)
	if had, err := l.RemoveSignalHandler(syscall.SIGUSR1); had || err != nil {
		t.Errorf("the closed loop has a handler: %t, %v", had, err)
	}
}

// failingClose is a poller whose Close releases everything and fails.
type failingClose struct {
	*spy
	err error
}

func (f *failingClose) Close() error { return errors.Join(f.spy.Close(), f.err) }
