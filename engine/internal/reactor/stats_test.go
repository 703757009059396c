package reactor

import (
	"math"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

func TestHistogram(t *testing.T) {
	for _, c := range []struct {
		ns     int64
		bucket int
	}{
		{math.MinInt64, 0}, {-1, 0}, {0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {1023, 10}, {1024, 11},
		{1<<39 - 1, 39}, {1 << 39, 39}, {math.MaxInt64, 39},
	} {
		var h, want Histogram
		h.add(c.ns)
		if want[c.bucket] = 1; h != want {
			t.Errorf("%d ns: %v, want bucket %d", c.ns, h, c.bucket)
		}
	}
}

// TestStats counts one run of everything.
func TestStats(t *testing.T) {
	faults := 0
	r, p := newSim(t, Config{Host: HostBlock, Fault: func(Fault) { faults++ }})
	fd := p.Open()
	far := timer(func() {})
	run(t, r, func() {
		must(t, r.AddReader(fd, func(any) { p.ClearReady(fd, poller.Readable) }, nil))
		must(t, r.Schedule(far, p.Now()+int64(time.Hour)))
		must(t, r.Schedule(timer(r.Stop), p.Now()+int64(time.Minute)))
		must(t, r.Schedule(timer(func() { panic("on purpose") }), p.Now()-5))
		p.SetReady(fd, poller.Readable)
	}, func() { must(t, r.Post(nop, nil)) })
	got := r.Stats()
	want := Stats{Counts: Counts{
		Turns:       3, // the callbacks; event, post and old timer; the stop
		Callbacks:   3,
		Events:      1,
		Wakeups:     1,
		TimersFired: 2,
		Faults:      1,
		Idle:        int64(time.Minute),
		Timers:      1,
		Descriptors: 1,
	}}
	want.Lateness[0], want.Lateness[3] = 1, 1
	if got != want || faults != 1 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestStatsAsleep: a sleeping loop has shown all it counted, to any goroutine.
func TestStatsAsleep(t *testing.T) {
	r, p := newSim(t, Config{})
	for range 10 {
		soon(t, r, func() {})
	}
	var asleep Stats
	p.Inject(simpoll.OpWait, simpoll.Fault{Do: func() {
		elsewhere(1, func() { asleep = r.Stats() })
		r.Stop()
	}})
	must(t, r.Run())
	if asleep.Turns != 2 || asleep.Callbacks != 10 || asleep.Wakeups != 0 {
		t.Errorf("asleep after 10 callbacks: %+v", asleep)
	}
}

// TestStatsBusy: a loop that never sleeps shows its counters all the same.
func TestStatsBusy(t *testing.T) {
	r, _ := newSim(t, Config{})
	left := 3 * publishEvery
	var next func()
	next = func() {
		s := r.Stats()
		if age := r.stats.Turns - s.Turns; age > publishEvery {
			t.Errorf("the counters are %d turns old", age)
		}
		if left--; left == 0 {
			r.Stop()
			return
		}
		soon(t, r, next)
	}
	run(t, r, next)
}

// TestPublished: whoever shows more with the counters is asked as seldom as they are
// shown, and sees what others will read.
func TestPublished(t *testing.T) {
	var r *Reactor
	calls, turn := 0, uint64(0)
	r, _ = newSim(t, Config{Published: func() { calls++; turn = r.shown.stats.Turns }})
	turns(t, r, 3*publishEvery, func(int) {})
	if want := 4; calls != want || turn != 3*publishEvery {
		t.Errorf("%d calls, the last in turn %d, want %d and %d", calls, turn, want, 3*publishEvery)
	}
}

// TestStatsStale counts events of registrations that are gone.
func TestStatsStale(t *testing.T) {
	r, p := newSim(t, Config{})
	p.Inject(simpoll.OpPoll, simpoll.Fault{Events: []poller.Event{
		{Token: poller.MakeToken(0, 0), Ready: poller.Readable},
		{Token: poller.MakeToken(0, 1), Ready: poller.Readable},
		{Token: poller.MakeToken(poller.OwnIndex, 1), Ready: poller.Readable},
	}})
	within(t, r, func() {})
	if s := r.Stats(); s.Stale != 3 || s.Events != 3 {
		t.Errorf("%d events, %d of them stale, want 3 and 3", s.Events, s.Stale)
	}
}
