package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// TestStats: every counter shows what happened, in its own place.
func TestStats(t *testing.T) {
	l, p := newSim(t, Config{Host: HostBlock})
	fd := p.Open()
	expect(t, "AddReader", l.AddReader(fd, func() { p.ClearReady(fd, poller.Readable) }), nil)
	p.Inject(simpoll.OpWait, simpoll.Fault{Elapse: time.Second, Do: func() {
		expect(t, "CallSoonThreadsafeArg", l.CallSoonThreadsafeArg(func(any) {}, nil), nil)
	}})
	expect(t, "Schedule", l.Schedule(timer(func() {}), l.Time()+48*time.Hour), nil)
	expect(t, "Schedule", l.Schedule(timer(l.Stop), l.Time()+time.Minute), nil)
	run(t, l, func() {}, func() { p.SetReady(fd, poller.Readable) })
	want := Stats{
		Turns:       3, // the callbacks; the event and the post; the timer
		Callbacks:   3,
		Events:      1,
		Wakeups:     2,
		TimersFired: 1,
		Idle:        time.Minute,
		Timers:      1,
		Descriptors: 1,
	}
	want.Lateness[0] = 1
	want.WakeLag[30] = 1 // 2^29 to 2^30 - 1 ns
	if got := l.Stats(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestPanics: a panic is printed, counted, and the loop goes on.
func TestPanics(t *testing.T) {
	l, _ := newSim(t, Config{})
	out, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	expect(t, "Create", err, nil)
	old := os.Stderr
	os.Stderr = out
	run(t, l, func() { panic("on purpose") }, l.Stop)
	os.Stderr = old
	expect(t, "Close", out.Close(), nil)
	text, err := os.ReadFile(out.Name())
	expect(t, "ReadFile", err, nil)
	if s := l.Stats(); s.Panics != 1 || s.Callbacks != 2 || !strings.Contains(string(text), "panic in callback: on purpose") {
		t.Errorf("%d panics, %d callbacks, printed %q", s.Panics, s.Callbacks, text)
	}
}
