package engine_test

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// configs are Configs and the field that is wrong with each. None goes through
// hosted: the host is what they are about.
var configs = []struct {
	name   string
	config engine.Config
	arg    string // of the *ArgError; empty: valid
}{
	{"zero", engine.Config{}, ""},
	{"block", engine.Config{Host: engine.HostBlock}, ""},
	{"park", engine.Config{Host: engine.HostPark}, ""},
	{"unknown host", engine.Config{Host: engine.HostPark + 1}, "Host"},
	{"last host", engine.Config{Host: 255}, "Host"},
	{"locked", engine.Config{LockThread: true}, ""},
	{"locked and blocking", engine.Config{LockThread: true, Host: engine.HostBlock}, ""},
	{"locked and parked", engine.Config{LockThread: true, Host: engine.HostPark}, "Host"},
	{"negative CPU", engine.Config{CPUs: []int{0, -1}}, "CPUs"},
	{"pinned and parked", engine.Config{CPUs: []int{0}, Host: engine.HostPark}, "Host"},
	{"poll in every turn", engine.Config{PollEvery: 1}, ""},
	{"poll now and then", engine.Config{PollEvery: 1 << 30}, ""},
	{"negative PollEvery", engine.Config{PollEvery: -1}, "PollEvery"},
	{"spin", engine.Config{TimerSpin: time.Millisecond}, ""},
	{"negative spin", engine.Config{TimerSpin: -1}, "TimerSpin"},
	{"negative CloseTimeout", engine.Config{CloseTimeout: -1}, "CloseTimeout"},
	{"CloseTimeout", engine.Config{CloseTimeout: 1}, ""},
	{"negative MemoryLimit", engine.Config{MemoryLimit: -1}, "MemoryLimit"},
	{"MemoryLimit", engine.Config{MemoryLimit: 1}, ""},
	{"Budget of nobody", engine.Config{Budget: &engine.MemoryBudget{}}, "Budget"},
	{"long spin", engine.Config{TimerSpin: time.Millisecond + 1}, "TimerSpin"},
}

// wantBadArg complains unless err is an *ArgError for arg, or nil for no arg.
func wantBadArg(t *testing.T, err error, arg string) {
	t.Helper()
	if arg == "" {
		wantErr(t, "valid", err, nil)
		return
	}
	var bad *engine.ArgError
	if !errors.As(err, &bad) || bad.Arg != arg || bad.Reason == "" {
		t.Errorf("%v, want an *ArgError for %s", err, arg)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range configs {
		t.Run(c.name, func(t *testing.T) { wantBadArg(t, c.config.Validate(), c.arg) })
	}
}

// TestPollerOwner: the poller belongs to the loop from the call on, and is
// closed with it, or at once when the Config is bad.
func TestPollerOwner(t *testing.T) {
	for _, c := range configs {
		t.Run(c.name, func(t *testing.T) {
			p := simpoll.New()
			c.config.Poller = p
			l, err := engine.NewEventLoop(c.config)
			if wantBadArg(t, err, c.arg); (l == nil) != (err != nil) {
				t.Fatalf("NewEventLoop = %v, %v", l, err)
			}
			if l != nil {
				must(t, p.Wake())
				must(t, l.Close())
			}
			wantErr(t, "the poller at the end", p.Wake(), net.ErrClosed)
		})
	}
}

// TestEveryConfigRuns: on the platform's poller a loop works under every Config
// that is valid.
func TestEveryConfigRuns(t *testing.T) {
	for _, c := range configs {
		if c.arg != "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			l := unhosted(t, c.config)
			var j journal
			l.CallSoon(j.adds("a"))
			l.CallSoon(func() { j.add("b"); l.CallLater(1, l.Stop) })
			run(t, l)
			j.want(t, "a", "b")
		})
	}
}

// TestPollEvery: turns of callbacks that keep each other busy share a poll.
func TestPollEvery(t *testing.T) {
	p := simpoll.New()
	l := newLoop(t, engine.Config{Poller: p, PollEvery: 10})
	n := 0
	var chain func()
	chain = func() {
		if n++; n == 10 {
			l.Stop()
			return
		}
		l.CallSoon(chain)
	}
	l.CallSoon(chain)
	if run(t, l); p.Calls(simpoll.OpPoll) != 1 {
		t.Errorf("%d polls in 10 turns, want 1", p.Calls(simpoll.OpPoll))
	}
}

// TestTimerSpin: the loop waits until the spin before a deadline, and polls
// from there on.
func TestTimerSpin(t *testing.T) {
	sim := simpoll.New()
	var waited []time.Duration
	p := &spy{Poller: sim, wait: func(deadline time.Duration) { waited = append(waited, deadline) }}
	l := newLoop(t, engine.Config{Poller: p, TimerSpin: time.Millisecond})
	sim.Inject(simpoll.OpPoll, simpoll.Fault{Elapse: time.Millisecond})
	l.CallAt(time.Second, l.Stop)
	run(t, l)
	if n := sim.Calls(simpoll.OpPoll); n != 1 || !slices.Equal(waited, []time.Duration{time.Second - time.Millisecond}) {
		t.Errorf("%d polls, waits until %v, want 1 poll and a wait until 999ms", n, waited)
	}
}

// modes records how the loop waits.
type modes struct {
	poller.Poller
	seen []poller.Mode
}

func (m *modes) Wait(deadline int64, mode poller.Mode) ([]poller.Event, error) {
	m.seen = append(m.seen, mode)
	return m.Poller.Wait(deadline, mode)
}

// TestWaitModes: Host and LockThread decide how the loop waits.
func TestWaitModes(t *testing.T) {
	for _, c := range []struct {
		config engine.Config
		want   poller.Mode
	}{
		{engine.Config{}, poller.Park},
		{engine.Config{Host: engine.HostPark}, poller.Park},
		{engine.Config{Host: engine.HostBlock}, poller.Block},
		{engine.Config{LockThread: true}, poller.Block},
	} {
		p := &modes{Poller: simpoll.New()}
		c.config.Poller = p
		l := unhosted(t, c.config)
		l.CallAt(time.Second, l.Stop)
		if run(t, l); !slices.Equal(p.seen, []poller.Mode{c.want}) {
			t.Errorf("%+v: waited in modes %v, want %v", c.config, p.seen, c.want)
		}
	}
}
