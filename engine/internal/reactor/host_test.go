package reactor

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

const (
	usec = int64(time.Microsecond)
	msec = int64(time.Millisecond)
	sec  = int64(time.Second)
)

// TestHostMode: what a wait of each kind does before and after a late wake-up.
func TestHostMode(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Host
		late int64 // of a wake-up at 10 sec
		at   int64 // of the next wait
		want poller.Mode
	}{
		{"auto in time", HostAuto, 0, 10 * sec, poller.Park},
		{"auto a little late", HostAuto, msec, 10 * sec, poller.Park},
		{"auto late", HostAuto, msec + 1, 10 * sec, poller.Block},
		{"auto late, a second less a bit later", HostAuto, 2 * msec, 11*sec - 1, poller.Block},
		{"auto late, a second later", HostAuto, 2 * msec, 11 * sec, poller.Park},
		{"auto early", HostAuto, -5 * msec, 10 * sec, poller.Park},
		{"block in time", HostBlock, 0, 10 * sec, poller.Block},
		{"block late", HostBlock, 5 * msec, 20 * sec, poller.Block},
		{"park in time", HostPark, 0, 10 * sec, poller.Park},
		{"park late", HostPark, 5 * msec, 10 * sec, poller.Park},
	} {
		h := newHost(c.kind, poller.Traits{Park: true})
		h.woke(10*sec, 10*sec-c.late)
		if got := h.plan(c.at, false); got != c.want {
			t.Errorf("%s: mode %v, want %v", c.name, got, c.want)
		}
	}
}

// TestHostProbe: HostAuto sets itself a deadline of a millisecond when it lives
// on events, at most ten times a second, and not while it blocks.
func TestHostProbe(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   Host
		events bool
		waits  []int64
		want   []int64 // the probe of each wait; 0: none
	}{
		{"no events", HostAuto, false, []int64{sec, 2 * sec}, []int64{0, 0}},
		{"events", HostAuto, true, []int64{sec, sec + 99*msec, sec + 100*msec}, []int64{sec + msec, 0, sec + 101*msec}},
		{"block", HostBlock, true, []int64{sec, 2 * sec}, []int64{0, 0}},
		{"park", HostPark, true, []int64{sec, 2 * sec}, []int64{0, 0}},
	} {
		h := newHost(c.kind, poller.Traits{Park: true})
		for i, now := range c.waits {
			h.plan(now, c.events)
			want := c.want[i]
			if want == 0 {
				want = poller.NoDeadline
			}
			if h.probe != want {
				t.Errorf("%s: the wait at %d is probed at %d, want %d", c.name, now, h.probe, want)
			}
		}
	}
}

// sleepUntil lets the loop sleep once for d, of which it oversleeps late, and
// returns the mode of that sleep.
func sleepUntil(t *testing.T, r *Reactor, f *flaky, d, late int64) poller.Mode {
	t.Helper()
	f.next = simpoll.Fault{Elapse: time.Duration(d + late)}
	f.mode = nil
	must(t, r.Schedule(timer(r.Stop), f.Now()+d))
	must(t, r.Run())
	if len(f.mode) == 0 {
		t.Fatal("the loop did not sleep")
	}
	return f.mode[0]
}

// TestHostSwitches: a late timer makes the loop block for a second, after which
// it parks again; so does a late wake-up by a post.
func TestHostSwitches(t *testing.T) {
	f := newFlaky(false)
	r, _ := newSim(t, Config{Poller: f})
	var modes []poller.Mode
	sleep := func(d, late int64) { modes = append(modes, sleepUntil(t, r, f, d, late)) }
	sleep(msec, 900*usec)
	sleep(msec, 2*msec) // this one is late
	sleep(500*msec, 0)
	sleep(495*msec, 2*msec) // late again, but nobody parked
	sleep(10*msec, 0)
	sleep(msec, 0)
	want := []poller.Mode{poller.Park, poller.Park, poller.Block, poller.Block, poller.Block, poller.Park}
	if !slices.Equal(modes, want) {
		t.Errorf("modes %v, want %v", modes, want)
	}
}

// TestHostBrief: a few short waits in a row make HostAuto block, five long ones in
// a row park again, and a late wake-up has the last word.
func TestHostBrief(t *testing.T) {
	short, long := shortWait-1, shortWait
	for _, c := range []struct {
		name        string
		kind        Host
		shorts      int
		then        []int64
		want        poller.Mode
		yieldsFirst bool
	}{
		{"too few", HostAuto, briefFrom - 1, nil, poller.Park, false},
		{"enough", HostAuto, briefFrom, nil, poller.Block, true},
		{"enough, and a long one", HostAuto, briefFrom, []int64{long}, poller.Park, false},
		{"many, and four long ones", HostAuto, 100, slices.Repeat([]int64{long}, 4), poller.Block, true},
		{"many, and five long ones", HostAuto, 100, slices.Repeat([]int64{long}, 5), poller.Park, false},
		{"many, every third a long one", HostAuto, 100, slices.Repeat([]int64{long, short, short}, 50), poller.Block, true},
		{"many, every second a long one", HostAuto, 100, slices.Repeat([]int64{long, short}, 50), poller.Park, false},
		{"park", HostPark, 100, nil, poller.Park, false},
		{"block", HostBlock, 100, nil, poller.Block, false},
	} {
		h := newHost(c.kind, poller.Traits{Park: true})
		for range c.shorts {
			h.waited(short)
		}
		for _, took := range c.then {
			h.waited(took)
		}
		if mode, first := h.plan(sec, false), h.brief(sec); mode != c.want || first != c.yieldsFirst {
			t.Errorf("%s: mode %v, yields %t, want %v, %t", c.name, mode, first, c.want, c.yieldsFirst)
		}
	}
	h := newHost(HostAuto, poller.Traits{Park: true})
	for range briefFrom {
		h.waited(short)
	}
	if h.woke(sec, sec-2*msec); h.brief(sec) || h.plan(sec, false) != poller.Block || !h.brief(2*sec) {
		t.Error("late: the loop yields beside busy processors")
	}
	if newHost(HostAuto, poller.Traits{}).parks || h.score != briefFrom {
		t.Error("a poller that cannot park")
	}
}

// TestHostDebt: a loop whose waits are short by turns only tries to block less and
// less often, until it has blocked for long.
func TestHostDebt(t *testing.T) {
	h := newHost(HostAuto, poller.Traits{Park: true})
	toBegin := func() (n int) {
		for ; !h.brief(sec); n++ {
			h.waited(shortWait - 1)
		}
		return n
	}
	longs := func() {
		for range 5 {
			h.waited(shortWait)
		}
	}
	debt := 0
	for range 12 {
		if n := toBegin(); n != briefFrom+debt {
			t.Fatalf("blocks after %d short waits, want %d", n, briefFrom+debt)
		}
		h.waited(shortWait - 1)
		debt = min(2*max(debt-1, 0)+debtFirst, debtMost)
		longs()
	}
	toBegin()
	for range debtMost {
		h.waited(shortWait - 1)
	}
	longs()
	if n := toBegin(); n != briefFrom+debtFirst {
		t.Errorf("has paid, and blocks after %d short waits, want %d", n, briefFrom+debtFirst)
	}
}

// TestHostBriefYields: before a brief wait runs what the loop has made ready, also
// on a single processor. Once in 61 times the scheduler takes the loop itself back
// first, so it may take a second wait.
func TestHostBriefYields(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f := newFlaky(false)
	r, _ := newSim(t, Config{Poller: f})
	for range briefFrom {
		if got := sleepUntil(t, r, f, 10*usec, 0); got != poller.Park {
			t.Fatalf("mode %v, want Park", got)
		}
	}
	ran := false
	for range 2 {
		ran = ran || ranBeforeWait(t, r, f)
	}
	if !ran {
		t.Error("the loop waits, and what it has started has not run")
	}
}

// TestLingersOnce: a loop that had mail looks longer for more before its next wait,
// and not before the one after that.
func TestLingersOnce(t *testing.T) {
	r, p := newSim(t, Config{})
	var mailed []int
	look := func() { mailed = append(mailed, r.mailed) }
	for range 3 {
		must(t, r.Post(invoke, look))
	}
	p.Inject(simpoll.OpWait, simpoll.Fault{Do: func() { look(); r.Stop() }})
	must(t, r.Run())
	if want := []int{3, 3, 3, 0}; !slices.Equal(mailed, want) {
		t.Errorf("mailed is %v, want %v", mailed, want)
	}
}

// TestHostYieldsLate: a loop that comes back late from what it yielded to blocks for
// a second.
func TestHostYieldsLate(t *testing.T) {
	for late, want := range map[int64]poller.Mode{msec: poller.Park, msec + 1: poller.Block} {
		r, p := newSim(t, Config{})
		if now := r.yield(p.Now() - late); now != p.Now() {
			t.Errorf("it is %d, not %d", p.Now(), now)
		}
		if got := r.host.plan(p.Now(), false); got != want {
			t.Errorf("back %d ns late: mode %v, want %v", late, got, want)
		}
	}
}

// ranBeforeWait lets a callback start a goroutine, and reports whether that has run
// when the loop waits, which it has to do blocked.
func ranBeforeWait(t *testing.T, r *Reactor, f *flaky) (ran bool) {
	t.Helper()
	done := make(chan struct{}, 1)
	must(t, r.Soon(func(any) {
		f.next = simpoll.Fault{Elapse: 10 * time.Microsecond, Do: func() { ran = len(done) == 1; r.Stop() }}
		go func() { done <- struct{}{} }()
	}, nil))
	f.mode = nil
	must(t, r.Schedule(timer(func() {}), f.Now()+10*usec))
	must(t, r.Run())
	if want := []poller.Mode{poller.Block}; !slices.Equal(f.mode, want) {
		t.Errorf("modes %v, want %v", f.mode, want)
	}
	<-done
	return ran
}

// TestHostLatePost: the stamp of a post tells of a late wake-up.
func TestHostLatePost(t *testing.T) {
	for late, want := range map[int64]poller.Mode{msec: poller.Park, 2 * msec: poller.Block} {
		f := newFlaky(false)
		r, _ := newSim(t, Config{Poller: f})
		f.next = simpoll.Fault{Do: func() { must(t, r.Post(invoke, r.Stop)) }, Elapse: time.Duration(late)}
		must(t, r.Run())
		if got := sleepUntil(t, r, f, msec, 0); got != want {
			t.Errorf("after a post that waited for %d ns: mode %v, want %v", late, got, want)
		}
	}
}

// TestHostLocked: a loop on a thread of its own does not park.
func TestHostLocked(t *testing.T) {
	f := newFlaky(false)
	r, _ := newSim(t, Config{Poller: f, LockThread: true})
	if got := sleepUntil(t, r, f, msec, 0); got != poller.Block {
		t.Errorf("mode %v, want Block", got)
	}
}

// TestHostProbeWait: a parked loop that an event woke sleeps for no more than a
// millisecond, once; if it then oversleeps, it blocks.
func TestHostProbeWait(t *testing.T) {
	for late, want := range map[int64]poller.Mode{msec: poller.Park, 2 * msec: poller.Block} {
		f := newFlaky(false)
		r, _ := newSim(t, Config{Poller: f})
		must(t, r.AddReader(0, func(any) { f.ClearReady(0, poller.Readable) }, nil))
		f.SetReady(0, poller.Readable)
		began := f.Now()
		f.Inject(simpoll.OpWait, simpoll.Fault{},
			simpoll.Fault{Elapse: time.Duration(msec + late)},
			simpoll.Fault{Early: true, Elapse: time.Second / 5},
			simpoll.Fault{Do: r.Stop})
		must(t, r.Run())
		until := []int64{poller.NoDeadline, began + msec, poller.NoDeadline, poller.NoDeadline}
		modes := []poller.Mode{poller.Park, poller.Park, want, want}
		if !slices.Equal(f.until, until) || !slices.Equal(f.mode, modes) {
			t.Errorf("%d ns late: waited until %v in modes %v, want %v and %v", late, f.until, f.mode, until, modes)
		}
	}
}
