package engine

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// configs are Configs and the field that is wrong with each.
var configs = []struct {
	name string
	cfg  Config
	arg  string // of the *ArgError; empty: valid
}{
	{"zero", Config{}, ""},
	{"block", Config{Host: HostBlock}, ""},
	{"park", Config{Host: HostPark}, ""},
	{"unknown host", Config{Host: HostPark + 1}, "Host"},
	{"last host", Config{Host: 255}, "Host"},
	{"locked", Config{LockThread: true}, ""},
	{"locked and blocking", Config{LockThread: true, Host: HostBlock}, ""},
	{"locked and parked", Config{LockThread: true, Host: HostPark}, "Host"},
	{"poll in every turn", Config{PollEvery: 1}, ""},
	{"poll now and then", Config{PollEvery: 1 << 30}, ""},
	{"negative PollEvery", Config{PollEvery: -1}, "PollEvery"},
	{"spin", Config{TimerSpin: time.Millisecond}, ""},
	{"negative spin", Config{TimerSpin: -1}, "TimerSpin"},
	{"long spin", Config{TimerSpin: time.Millisecond + 1}, "TimerSpin"},
}

func TestValidate(t *testing.T) {
	for _, c := range configs {
		t.Run(c.name, func(t *testing.T) { badArgument(t, c.cfg.Validate(), c.arg) })
	}
}

// badArgument fails the test unless err is an *ArgError for arg, or nil for no
// arg.
func badArgument(t *testing.T, err error, arg string) {
	t.Helper()
	if arg == "" {
		expect(t, "valid", err, nil)
		return
	}
	var bad *ArgError
	if !errors.As(err, &bad) || bad.Arg != arg || bad.Reason == "" {
		t.Errorf("%v, want an ArgError for %s", err, arg)
	}
	expect(t, "bad argument", err, ErrInvalidArgument)
}

// TestNewEventLoop: the poller belongs to the loop from the call on, and is
// closed with it, or at once when the Config is bad.
func TestNewEventLoop(t *testing.T) {
	for _, c := range configs {
		t.Run(c.name, func(t *testing.T) {
			p := simpoll.New()
			c.cfg.Poller = p
			l, err := NewEventLoop(c.cfg)
			badArgument(t, err, c.arg)
			if err == nil {
				_, err := p.Poll()
				expect(t, "the loop's poller", err, nil)
				expect(t, "Close", l.Close(), nil)
			} else if l != nil {
				t.Error("a loop and an error")
			}
			_, err = p.Poll()
			expect(t, "the poller at the end", err, net.ErrClosed)
		})
	}
}

// TestNewEventLoopDefault: without a poller the loop takes the platform's, and
// runs under every Config that is valid.
func TestNewEventLoopDefault(t *testing.T) {
	for _, c := range configs {
		if c.arg != "" {
			if _, err := NewEventLoop(c.cfg); err == nil {
				t.Errorf("%s: no error", c.name)
			}
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t, c.cfg)
			var order []string
			say := func(s string) func() { return func() { order = append(order, s) } }
			end := timer(l.Stop)
			run(t, l, say("a"), say("b"), func() { expect(t, "Schedule", l.Schedule(end, l.Time()), nil) })
			if len(order) != 2 || order[0] != "a" {
				t.Errorf("ran %v", order)
			}
		})
	}
}

// TestConfigReaches: every field reaches the loop.
func TestConfigReaches(t *testing.T) {
	l, p := newSim(t, Config{PollEvery: 10})
	n := 0
	var chain func()
	chain = func() {
		if n++; n == 10 {
			l.Stop()
			return
		}
		_ = l.CallSoonArg(invoke, chain)
	}
	if run(t, l, chain); p.Calls(simpoll.OpPoll) != 1 {
		t.Errorf("PollEvery 10: %d polls in 10 turns", p.Calls(simpoll.OpPoll))
	}

	l, p = newSim(t, Config{TimerSpin: time.Millisecond})
	p.Inject(simpoll.OpPoll, simpoll.Fault{Elapse: time.Millisecond})
	expect(t, "Schedule", l.Schedule(timer(l.Stop), l.Time()+time.Second), nil)
	if run(t, l); p.Calls(simpoll.OpPoll) != 1 || p.Calls(simpoll.OpWait) != 1 {
		t.Errorf("TimerSpin: %d polls, %d waits, want 1 and 1", p.Calls(simpoll.OpPoll), p.Calls(simpoll.OpWait))
	}
}

// modes records how the loop waits.
type modes struct {
	*simpoll.Poller
	seen []poller.Mode
}

func (m *modes) Wait(deadline int64, mode poller.Mode) ([]poller.Event, error) {
	m.seen = append(m.seen, mode)
	return m.Poller.Wait(deadline, mode)
}

// TestConfigWaits: Host and LockThread decide how the loop waits.
func TestConfigWaits(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want poller.Mode
	}{
		{Config{}, poller.Park},
		{Config{Host: HostPark}, poller.Park},
		{Config{Host: HostBlock}, poller.Block},
		{Config{LockThread: true}, poller.Block},
	} {
		p := &modes{Poller: simpoll.New()}
		c.cfg.Poller = p
		l := newLoop(t, c.cfg)
		expect(t, "Schedule", l.Schedule(timer(l.Stop), time.Second), nil)
		if run(t, l); !slices.Equal(p.seen, []poller.Mode{c.want}) {
			t.Errorf("%+v: waited in modes %v, want %v", c.cfg, p.seen, c.want)
		}
	}
}
