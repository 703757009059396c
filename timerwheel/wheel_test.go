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

// A timer that would fit behind the sorted ones must still wait for an older
// one of the same deadline that did not.
func TestEqualDeadlinesInTheHeap(t *testing.T) {
	var w Wheel
	base := 5 * s >> tickBits << tickBits
	id := addAll(&w, base+10, base+40)
	w.Pop(base)
	id = append(id, w.Add(base+30))
	w.Cancel(id[1])
	id = append(id, w.Add(base+30))
	wantIDs(t, popAll(&w, base+100), id[0], id[2], id[3])
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
	wantIDs(t, popAll(&w, 5*s))
	wantNext(t, &w, 20*s)
	wantIDs(t, popAll(&w, 15*s))
	id = append(id, w.Add(20*s))
	wantIDs(t, popAll(&w, 21*s), id[1], id[3])
}

// An empty wheel forgets how far it had come, so that times after a jump back
// are held as cheaply as before.
func TestEmptyWheelStartsAfresh(t *testing.T) {
	var w Wheel
	w.Pop(1e18)
	w.Pop(-1e18)
	if want := tickOf(-1e18); w.cur != want {
		t.Errorf("the present is at tick %d, want %d", w.cur, want)
	}
}

// The present follows the limits also when nothing is due, so that new timers
// are filed finely.
func TestPresentFollowsLimits(t *testing.T) {
	var w Wheel
	w.Add(100 * s)
	for _, limit := range []int64{1, s, 30 * s, 99 * s} {
		w.Pop(limit)
		if want := tickOf(limit); w.cur != want {
			t.Errorf("after Pop(%d) the present is at tick %d, want %d", limit, w.cur, want)
		}
	}
}

// Deadlines that pass in the order in which they were added, such as those of
// calls that are to run at once, need no heap; nor does a crowded tick.
func TestHeapOnlyOutOfOrder(t *testing.T) {
	var w Wheel
	w.Pop(s)
	for i := range int64(300) {
		w.Add(s / 2)
		w.Add(s/2 + i)
		w.Cancel(w.Add(s))
		w.Pop(s / 4)
		popAll(&w, s)
	}
	tick := 2 * s >> tickBits << tickBits
	for i := range int64(300) {
		w.Add(tick + i*7919%1000)
	}
	popAll(&w, tick)
	popAll(&w, 3*s)
	if c := cap(w.late.heap); c != 0 {
		t.Errorf("the late heap had %d keys", c)
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
	looked := 0
	for i := range ID(n) {
		looked += toLookAt(&w)
		wantedNext := 60*s + int64(i)*10*us
		if when, _ := w.Next(); when != wantedNext {
			t.Fatalf("Next = %d, want %d", when, wantedNext)
		}
		w.Cancel(i)
	}
	if limit := (maxCredit + scanCredit) * n; looked > limit {
		t.Errorf("Next looked at %d keys, more than %d", looked, limit)
	}
}

// toLookAt counts the keys that Next has to look at.
func toLookAt(w *Wheel) (n int) {
	if _, _, ok := w.first(); ok || w.n == 0 {
		return 0
	}
	l, _ := w.firstSlot()
	if w.lists[l].earliestID != unknown {
		return 0
	}
	for c := w.lists[l].head; c != 0; c = w.table[c].next {
		n += w.count(c)
	}
	return n
}

// Few short timers stay cheap beside many long ones: asking for the next
// deadline does not move the present to the long ones.
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

// Adds pay for a look at the slot, but what they paid is not saved up for ever.
func TestCredit(t *testing.T) {
	const n = 1000
	var w Wheel
	w.Pop(s)
	for i := range int64(n) {
		w.Add(20*s + i*ms)
	}
	cur := w.cur
	w.Cancel(0)
	wantNext(t, &w, 20*s+ms)
	if w.cur != cur {
		t.Errorf("a slot was taken apart with %d Adds unspent", n)
	}
	w.credit = 1 << 40
	w.Cancel(1)
	wantNext(t, &w, 20*s+2*ms)
	if w.credit > maxCredit*n {
		t.Errorf("%d keys saved up", w.credit)
	}
	w.credit = 0
	_, start := w.firstSlot()
	w.Cancel(2)
	wantNext(t, &w, 20*s+3*ms)
	if w.cur != start {
		t.Errorf("the present moved to tick %d, not to the start %d of the slot", w.cur, start)
	}
}
