package timerwheel

import (
	"math"
	"slices"
	"testing"
)

const (
	us = int64(1e3)
	ms = int64(1e6)
	s  = int64(1e9)
)

// popAll returns the IDs that are due before limit, in order.
func popAll(w *Wheel, limit int64) []ID {
	var ids []ID
	for {
		id, _, ok := w.Pop(limit)
		if !ok {
			return ids
		}
		ids = append(ids, id)
	}
}

func addAll(w *Wheel, whens ...int64) []ID {
	ids := make([]ID, len(whens))
	for i, when := range whens {
		ids[i] = w.Add(when)
	}
	return ids
}

func wantNext(t *testing.T, w *Wheel, want int64) {
	t.Helper()
	if got, ok := w.Next(); !ok || got != want {
		t.Errorf("Next = %d, %v, want %d", got, ok, want)
	}
	if err := check(w); err != nil {
		t.Error(err)
	}
}

func wantIDs(t *testing.T, got []ID, want ...ID) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("popped %v, want %v", got, want)
	}
}

func TestEmptyWheel(t *testing.T) {
	w := New()
	if when, ok := w.Next(); ok {
		t.Errorf("Next = %d", when)
	}
	for _, limit := range []int64{math.MinInt64, 0, math.MaxInt64} {
		if _, _, ok := w.Pop(limit); ok {
			t.Errorf("Pop(%d) found a timer", limit)
		}
	}
	if w.Len() != 0 || w.Cancel(0) || w.Move(0, 1) || w.Cancel(math.MaxUint32) {
		t.Error("an empty wheel holds a timer")
	}
}

func TestPopInOrderOfDeadlines(t *testing.T) {
	for _, unit := range []int64{1, us, ms, s, 3600 * s, 1e17} {
		var w Wheel
		id := addAll(&w, 5*unit, 3*unit, 9*unit, 1*unit, 7*unit)
		wantNext(t, &w, unit)
		wantIDs(t, popAll(&w, 7*unit), id[3], id[1], id[0])
		wantIDs(t, popAll(&w, math.MaxInt64), id[4], id[2])
	}
}

func TestEqualDeadlinesInOrderOfRegistration(t *testing.T) {
	for _, when := range []int64{math.MinInt64, -s, 0, 20 * ms, math.MaxInt64 - 1} {
		var w Wheel
		w.Pop(1 * ms)
		var id []ID
		for range 1000 {
			id = append(id, w.Add(when))
		}
		wantIDs(t, popAll(&w, math.MaxInt64), id...)
	}
}

// Equal deadlines that were filed on different levels, because time passed
// between their registrations, and on none because the tick had come.
func TestEqualDeadlinesAcrossLevels(t *testing.T) {
	var w Wheel
	var id []ID
	const when = 10 * s
	for now := int64(0); now < when; now += 97 * ms {
		w.Pop(now)
		id = append(id, w.Add(when))
	}
	for now := when - ms; now <= when; now += us {
		w.Pop(now)
		id = append(id, w.Add(when))
	}
	wantIDs(t, popAll(&w, when))
	wantIDs(t, popAll(&w, when+1), id...)
}

// A tick that is half popped takes later additions in order of deadlines, an
// older timer first among equals.
func TestAddToCurrentTick(t *testing.T) {
	var w Wheel
	base := 5 * s >> tickBits << tickBits
	id := addAll(&w, base+10, base+40, base+30)
	wantIDs(t, popAll(&w, base+11), id[0])
	late := addAll(&w, base+40, base+50, base+20, base+50, base+30, base+60)
	wantNext(t, &w, base+20)
	wantIDs(t, popAll(&w, base+61), late[2], id[2], late[4], id[1], late[0], late[1], late[3], late[5])
}

func TestAddOfThePast(t *testing.T) {
	var w Wheel
	w.Pop(100 * s)
	id := addAll(&w, 50*s, 200*s, 10*s, math.MinInt64, -s, 50*s)
	wantNext(t, &w, math.MinInt64)
	wantIDs(t, popAll(&w, 100*s), id[3], id[4], id[2], id[0], id[5])
	wantNext(t, &w, 200*s)
}

func TestPopLimitIsExclusive(t *testing.T) {
	var w Wheel
	id := addAll(&w, math.MinInt64, 7, 8, math.MaxInt64)
	wantIDs(t, popAll(&w, math.MinInt64))
	wantIDs(t, popAll(&w, math.MinInt64+1), id[0])
	wantIDs(t, popAll(&w, 7))
	wantIDs(t, popAll(&w, 8), id[1])
	wantIDs(t, popAll(&w, math.MaxInt64), id[2])
	wantNext(t, &w, math.MaxInt64)
}

func TestLimitMayGoBack(t *testing.T) {
	var w Wheel
	id := addAll(&w, 10*s, 20*s)
	wantIDs(t, popAll(&w, 15*s), id[0])
	id = append(id, w.Add(12*s))
	wantIDs(t, popAll(&w, 5*s))
	wantIDs(t, popAll(&w, 12*s+1), id[2])
	wantNext(t, &w, 20*s)
}

// An empty wheel forgets how far it had come, so that times after a jump back
// are held as cheaply as before.
func TestEmptyWheelStartsAfresh(t *testing.T) {
	var w Wheel
	w.Pop(1e18)
	w.Pop(-1e18)
	w.Add(-1e18 + s)
	w.Add(-1e18 + 1)
	if n := len(w.late.heap); n != 0 {
		t.Errorf("%d timers in the late heap", n)
	}
}

func TestCancel(t *testing.T) {
	var w Wheel
	base := s >> tickBits << tickBits
	id := addAll(&w, base, base+1, base+2, 5*s, 6*s)
	w.Pop(base)
	id = append(id, addAll(&w, 3, 2, 1)...)
	for i, n := range []int{7, 1, 4, 6, 0, 2, 3, 5} {
		if w.Len() != len(id)-i {
			t.Errorf("Len = %d after %d cancellations", w.Len(), i)
		}
		if !w.Cancel(id[n]) || w.Cancel(id[n]) || w.Move(id[n], s) {
			t.Errorf("timer %d: cancelled not at all or twice, or moved after", n)
		}
		if err := check(&w); err != nil {
			t.Error(err)
		}
	}
	wantIDs(t, popAll(&w, math.MaxInt64))
}

// Next names the earliest live deadline whatever was cancelled, popped or
// moved before: it never wakes anyone for nothing.
func TestNextIsExact(t *testing.T) {
	for _, unit := range []int64{1, ms, 50 * s} {
		var w Wheel
		id := addAll(&w, 3*unit, 1*unit, 2*unit, 1*unit, 4*unit)
		wantNext(t, &w, 1*unit)
		w.Cancel(id[1])
		wantNext(t, &w, 1*unit)
		w.Cancel(id[3])
		wantNext(t, &w, 2*unit)
		w.Move(id[2], 5*unit)
		wantNext(t, &w, 3*unit)
		w.Move(id[4], 1*unit)
		wantNext(t, &w, 1*unit)
		w.Move(id[4], 1*unit)
		wantNext(t, &w, 1*unit)
		w.Pop(2 * unit)
		wantNext(t, &w, 3*unit)
		w.Cancel(id[0])
		wantNext(t, &w, 5*unit)
		w.Cancel(id[2])
		if when, ok := w.Next(); ok {
			t.Errorf("Next = %d of an empty wheel", when)
		}
	}
}

func TestMove(t *testing.T) {
	var w Wheel
	id := addAll(&w, 5*s, 5*s, 5*s, 9*s)
	for _, when := range []int64{1 * s, 100 * s, -1, 5 * s} {
		if !w.Move(id[0], when) {
			t.Fatal("Move found no timer")
		}
	}
	w.Move(id[3], 4*s)
	if w.Len() != 4 {
		t.Errorf("Len = %d", w.Len())
	}
	wantIDs(t, popAll(&w, math.MaxInt64), id[3], id[1], id[2], id[0])
	if w.Move(id[0], 1) {
		t.Error("a popped timer moved")
	}
}

func TestIDsAreDenseAndReused(t *testing.T) {
	var w Wheel
	id := addAll(&w, 1, 2, 3, 4)
	wantIDs(t, id, 0, 1, 2, 3)
	w.Cancel(2)
	w.Pop(2)
	wantIDs(t, addAll(&w, 7, 8, 9), 0, 2, 4)
}

// Years pass in one call, by bitmap: tick by tick this test would not end.
func TestJumps(t *testing.T) {
	var w Wheel
	w.Pop(0)
	var id []ID
	for when := int64(1); when > 0; when *= 2 {
		id = append(id, w.Add(when))
	}
	w.Pop(math.MinInt64)
	wantIDs(t, popAll(&w, math.MaxInt64), id...)
	for range 1000 {
		w.Pop(math.MinInt64 + 1)
		id := w.Add(math.MaxInt64 - 1)
		wantNext(t, &w, math.MaxInt64-1)
		wantIDs(t, popAll(&w, math.MaxInt64), id)
	}
}

// The sorter is stable for any number of keys of a tick.
func TestCrowdedTick(t *testing.T) {
	r := newRand(t)
	base := 3 * s >> tickBits << tickBits
	for _, n := range []int{1, 2, insertionMax, insertionMax + 1, 5000} {
		for _, grain := range []int64{1, 255, 256, 1 << 12, 1 << tickBits} {
			var p pair
			for range n {
				when := base + r.Int64N(1<<tickBits)/grain*grain
				p.m.add(p.w.Add(when), when)
			}
			for range n / 3 {
				id := ID(r.IntN(n))
				p.w.Cancel(id)
				p.m.cancel(id)
			}
			for len(p.m.sorted) > 0 {
				first := p.m.sorted[0]
				id, when, ok := p.w.Pop(first.when + 1)
				if !ok || id != first.id || when != first.when {
					t.Fatalf("%d keys, grain %d: popped %d, %d, want %v", n, grain, id, when, first)
				}
				p.m.sorted = p.m.sorted[1:]
			}
		}
	}
}

// A program that always cancels its earliest timer and asks for the next one
// must not make the wheel look at the others each time.
func TestCancelFirstIsAmortised(t *testing.T) {
	const n = 20000
	var w Wheel
	w.Pop(0)
	for i := range int64(n) {
		w.Add(60*s + i*10*us)
	}
	looked := int64(0)
	for i := range ID(n) {
		before := w.credit
		wantedNext := 60*s + int64(i)*10*us
		if when, _ := w.Next(); when != wantedNext {
			t.Fatalf("Next = %d, want %d", when, wantedNext)
		}
		looked += max(0, before-w.credit)
		w.Cancel(i)
	}
	if limit := int64((maxCredit + scanCredit) * n); looked > limit {
		t.Errorf("Next looked at %d keys, more than %d", looked, limit)
	}
}

// Few short timers stay cheap beside many long ones: asking for the next
// deadline now and then does not move the present to the long ones.
func TestNextDoesNotRunAhead(t *testing.T) {
	var w Wheel
	w.Pop(0)
	for i := range int64(10000) {
		w.Add(60*s + i)
	}
	wantNext(t, &w, 60*s)
	for range 100 {
		w.Cancel(w.Add(1 * s))
		w.Next()
	}
	if w.cur >= tickOf(1*s) {
		t.Errorf("the present is at tick %d", w.cur-tickOf(0))
	}
}
