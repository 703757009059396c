package accept

import (
	"slices"
	"syscall"
	"testing"
)

func TestDrain(t *testing.T) {
	w := newWorld(t, 2, nil, syscall.ECONNABORTED, nil, nil, syscall.EMFILE, nil)
	w.Hold()
	w.drains(3, Some)
	w.want(4, "accepted", "accepted", "accepted")
	w.drains(10, Stuck)
	w.want(1, emfile)
	w.queue = append([]error{syscall.EMFILE}, w.queue...)
	w.drains(10, Stuck)
	w.drains(10, Nothing)
	w.want(3, "accepted") // and no second report
	if w.starved != 1 {
		t.Errorf("told %d times that it waits, want 1", w.starved)
	}
	w.queue = []error{syscall.EPERM, syscall.EMFILE}
	w.drains(10, Nothing) // though there was no descriptor for it
	w.want(2, eperm)
	w.Stop()
	w.Drain(1)
	w.want(0)
}

// TestDrainFailures: an error is of one connection, behind which there may be others,
// unless there are too many.
func TestDrainFailures(t *testing.T) {
	w := newWorld(t, 2, syscall.ECONNABORTED, syscall.EPERM, syscall.EPERM, nil, syscall.EPERM, nil, nil)
	w.Hold()
	w.drains(1, Some)
	w.want(4, eperm, eperm, "accepted")
	w.full = true
	w.drains(10, Some)
	w.full = false
	w.want(0)
	w.drains(10, Nothing)
	w.want(4, eperm, "accepted", "accepted")
	w.queue = slices.Repeat([]error{syscall.EPERM}, 17)
	w.drains(100, Some)
	w.want(16, slices.Repeat([]string{eperm}, 16)...)
}

// TestDrainFailuresApart: a connection between them begins the count anew.
func TestDrainFailuresApart(t *testing.T) {
	most := slices.Repeat([]error{syscall.EPERM}, 15)
	w := newWorld(t, 2, slices.Concat(most, []error{nil}, most, []error{nil})...)
	w.drains(100, Nothing)
	if accepted := slices.DeleteFunc(w.events, func(e string) bool { return e == eperm }); len(accepted) != 2 {
		t.Errorf("%d accepted, want 2", len(accepted))
	}
}

// drains wants so much to be left.
func (w *world) drains(n int, want Rest) {
	w.t.Helper()
	if rest := w.Drain(n); rest != want {
		w.t.Errorf("the rest is %d, want %d", rest, want)
	}
}
