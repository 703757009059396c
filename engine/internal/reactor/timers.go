package reactor

import "github.com/shardloop/shardloop/timerwheel"

// Timer is a deadline with a callback, embedded in what it belongs to. Arming,
// moving and cancelling one allocates nothing.
//
//	        Schedule              its time comes (step 4)
//	idle ----------------> armed -------------------------> due
//	 ^ ^                    | ^ Schedule                     |  |
//	 | +------ Cancel ------+ +----------- Schedule ---------+  |
//	 +----------------- Cancel, or it runs (step 7) ------------+
//
// A due timer knows its entry of the due list. Cancel and Schedule blank that
// entry, so that a timer armed anew is never fired by its old entry.
//
// A Timer belongs to one reactor and must not be copied or dropped while it is
// armed or due.
type Timer struct {
	fn    func(any)
	arg   any
	when  int64
	id    timerwheel.ID // while armed
	due   int32         // position in the due list, while due
	state timerState
}

type timerState uint8

const (
	idle timerState = iota
	armed
	due
)

// Init sets what the timer calls. Not while it is armed or due.
func (t *Timer) Init(fn func(any), arg any) { t.fn, t.arg = fn, arg }

// When is the deadline last set.
func (t *Timer) When() int64 { return t.when }

// Pending reports whether the timer has still to run.
func (t *Timer) Pending() bool { return t.state != idle }

// timers is the owner's side of the wheel: which timer an id stands for, and
// which are due in this turn.
type timers struct {
	wheel timerwheel.Wheel
	byID  []*Timer
	due   []*Timer // nil: cancelled or armed anew since it was gathered
	next  int      // the due list up to here has run
}

// live reports whether any timer is armed.
func (ts *timers) live() bool { return ts.wheel.Len() > 0 }

// schedule arms t, or moves it. Its place among equal deadlines is the last.
func (ts *timers) schedule(t *Timer, when int64) {
	t.when = when
	if t.state == armed {
		ts.wheel.Move(t.id, when)
		return
	}
	ts.cancel(t)
	t.id = ts.wheel.Add(when)
	t.state = armed
	if int(t.id) == len(ts.byID) {
		ts.byID = append(ts.byID, nil)
	}
	ts.byID[t.id] = t
}

// cancel reports whether t was armed or due.
func (ts *timers) cancel(t *Timer) bool {
	switch t.state {
	case armed:
		ts.wheel.Cancel(t.id)
		ts.byID[t.id] = nil
	case due:
		ts.due[t.due] = nil
	default:
		return false
	}
	t.state = idle
	return true
}

// gather moves what is due before limit to the due list, in order of deadline
// and registration.
func (ts *timers) gather(limit int64) {
	ts.due, ts.next = ts.due[:0], 0
	for {
		id, _, ok := ts.wheel.Pop(limit)
		if !ok {
			return
		}
		t := ts.byID[id]
		ts.byID[id] = nil
		t.state, t.due = due, int32(len(ts.due))
		ts.due = append(ts.due, t)
	}
}

// pop takes the next due timer that was not cancelled since, or nil.
func (ts *timers) pop() *Timer {
	for ts.next < len(ts.due) {
		t := ts.due[ts.next]
		ts.due[ts.next] = nil
		ts.next++
		if t != nil {
			t.state = idle
			return t
		}
	}
	return nil
}

// clear disarms every timer.
func (ts *timers) clear() {
	for _, t := range ts.byID {
		if t != nil {
			t.state = idle
		}
	}
	for _, t := range ts.due {
		if t != nil {
			t.state = idle
		}
	}
	*ts = timers{}
}

// Schedule arms t for the time when on the clock of Now, or moves it there.
// One in the past runs in the next turn. Loop only.
func (r *Reactor) Schedule(t *Timer, when int64) error {
	if r.refused != nil {
		return r.refused
	}
	r.timers.schedule(t, when)
	return nil
}

// Cancel disarms t and reports whether it was still to run: after it, t does
// not run, even if it was due in this turn already. Loop only.
func (r *Reactor) Cancel(t *Timer) bool { return r.timers.cancel(t) }
