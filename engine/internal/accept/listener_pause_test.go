package accept

import (
	"fmt"
	"syscall"
	"testing"
)

// TestFailuresApart: errors that do not follow each other are no reason to pause.
func TestFailuresApart(t *testing.T) {
	for what, between := range map[string]func(*world){
		"a connection":   func(w *world) { w.queue = []error{nil}; w.turns(1) },
		"an empty queue": func(w *world) { w.queue = []error{syscall.EAGAIN}; w.turns(1) },
		"a stop": func(w *world) {
			w.Stop()
			if err := w.Start(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		w := newWorld(t, 1, syscall.EPERM)
		w.turns(1)
		between(w)
		w.queue = []error{syscall.EPERM}
		w.turns(1)
		if len(w.queue) > 0 || w.state != accepting {
			t.Errorf("behind %s a failure is the second", what)
		}
	}
}

// TestFreedEndsTheWait, and nothing is left that would end the next one.
func TestFreedEndsTheWait(t *testing.T) {
	w := newWorld(t, 4, syscall.EMFILE, nil)
	w.turns(1)
	w.Freed()
	if w.timer.Pending() {
		t.Error("the timer runs on")
	}
	w.turns(1)
	w.want(3, emfile, "accepted")
}

// TestAPauseTakesNoSecondReserve, nor does a second Start.
func TestAPauseTakesNoSecondReserve(t *testing.T) {
	w, log := shedding(t, 2, syscall.EPERM, syscall.EPERM, nil)
	w.turns(3)
	w.want(2, eperm, eperm)
	w.poller.Advance(RetryDelay)
	w.turns(2)
	w.want(2, "accepted")
	if err := w.Start(); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(*log); got != "[reserve]" {
		t.Error(got)
	}
	w.Stop()
}
