package reactor

import (
	"runtime"
	"slices"
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// TestEnterAndLeave: each run begins with Enter and ends with Leave, on the loop and
// in the run, whatever ends it.
func TestEnterAndLeave(t *testing.T) {
	var r *Reactor
	var log []string
	note := func(what string) func() {
		return func() {
			log = append(log, what)
			if what != "in" && !r.Running() {
				t.Errorf("%s beside the run", what)
			}
		}
	}
	r, p := newSim(t, Config{Enter: note("enter"), Leave: note("leave")})
	within(t, r, note("in"))
	p.Inject(simpoll.OpPoll, simpoll.Fault{Err: errPoller})
	soon(t, r, note("in"))
	expect(t, "Run", r.Run(), errPoller)
	soon(t, r, note("in"))
	die(t, r)
	want := []string{"enter", "in", "leave"}
	if want = slices.Repeat(want, 3); !slices.Equal(log, want) {
		t.Errorf("called %v, want %v", log, want)
	}
}

// TestFailedExits: a Failed that ends its goroutine ends the reactor, and is not told
// of that.
func TestFailedExits(t *testing.T) {
	var told []error
	r, p := newSim(t, Config{Failed: func(err error) {
		told = append(told, err)
		runtime.Goexit()
	}})
	p.Inject(simpoll.OpWait, simpoll.Fault{Err: errPoller})
	done, err := r.Start()
	must(t, err)
	expect(t, "the run", <-done, ErrDied)
	if !slices.Equal(told, []error{errPoller}) {
		t.Errorf("told of %v, want %v", told, errPoller)
	}
}

// TestClosedIsTold: Closed is called once, by the Close that closes, when the poller
// is closed and the counters say what is left: nothing.
func TestClosedIsTold(t *testing.T) {
	calls := 0
	var r *Reactor
	r, p := newSim(t, Config{Closed: func() {
		calls++
		if s := r.Stats(); !r.Closed() || s.Timers != 0 || s.Descriptors != 0 {
			t.Errorf("closed %t, with %d timers and %d descriptors", r.Closed(), s.Timers, s.Descriptors)
		}
	}})
	must(t, r.Schedule(timer(func() {}), 1e15))
	_, err := r.Attach(p.Open(), handlerFunc(nothing), poller.In)
	must(t, err)
	within(t, r, func() { expect(t, "Close", r.Close(), ErrRunning) })
	if s := r.Stats(); calls != 0 || s.Timers != 1 || s.Descriptors != 1 {
		t.Errorf("before: %d calls, %d timers, %d descriptors", calls, s.Timers, s.Descriptors)
	}
	must(t, r.Close())
	must(t, r.Close())
	if calls != 1 {
		t.Errorf("Closed was called %d times", calls)
	}
}
