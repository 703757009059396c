package poller

import (
	"math"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func testEpoll(t *testing.T) *epoll {
	t.Helper()
	p, err := NewEpoll()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p.(*epoll)
}

// wokenWait waits until deadline and is woken at once.
func (e *epoll) wokenWait(t *testing.T, deadline int64) {
	t.Helper()
	e.Wake()
	if _, err := e.Wait(deadline, Block); err != nil {
		t.Fatal(err)
	}
}

// TestTimerMoves: the timer is armed when the deadline comes earlier or the
// last expiry was taken, and left alone otherwise.
func TestTimerMoves(t *testing.T) {
	e := testEpoll(t)
	hour := Now() + int64(time.Hour)
	for _, step := range []struct {
		name           string
		deadline, want int64
	}{
		{"no deadline", NoDeadline, NoDeadline},
		{"first", hour, hour},
		{"later", hour + 1, hour},
		{"the same", hour, hour},
		{"none", NoDeadline, hour},
		{"earlier", hour - 1000, hour - 1000},
		{"later again", hour, hour - 1000},
		{"past", 1, hour - 1000},
	} {
		e.wokenWait(t, step.deadline)
		if e.timer.armed != step.want {
			t.Errorf("%s: armed at %d, want %d", step.name, e.timer.armed, step.want)
		}
	}
	soon := Now() + int64(time.Millisecond)
	for Now() < soon {
		if _, err := e.Wait(soon, Block); err != nil {
			t.Fatal(err)
		}
	}
	e.Poll()
	if e.timer.armed != NoDeadline {
		t.Errorf("armed at %d after the expiry, want not at all", e.timer.armed)
	}
	var left unix.ItimerSpec
	if err := unix.TimerfdGettime(e.timer.fd, &left); err != nil || left.Value.Nano() != 0 {
		t.Errorf("the kernel's timer has %d ns left (%v)", left.Value.Nano(), err)
	}
}

// TestTimerSetsTheKernel: what the kernel counts down is the deadline.
func TestTimerSetsTheKernel(t *testing.T) {
	e := testEpoll(t)
	for _, d := range []time.Duration{time.Hour, time.Minute, time.Second * 10} {
		deadline := Now() + int64(d)
		e.wokenWait(t, deadline)
		var left unix.ItimerSpec
		if err := unix.TimerfdGettime(e.timer.fd, &left); err != nil {
			t.Fatal(err)
		}
		if end := Now() + left.Value.Nano(); end < deadline {
			t.Errorf("%v: the timer ends %d ns early", d, deadline-end)
		}
		if left.Value.Nano() > int64(d) {
			t.Errorf("%v: %d ns left", d, left.Value.Nano())
		}
	}
}

func TestMonotonic(t *testing.T) {
	offset := monotonicOffset()
	for range 1000 {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
			t.Fatal(err)
		}
		if low := ts.Nano() - Now(); offset < low {
			t.Fatalf("offset %d, at least %d", offset, low)
		}
	}
	if now := monotonic(0); now.Nano() != offset {
		t.Errorf("time zero is %d, want %d", now.Nano(), offset)
	}
	for _, deadline := range []int64{math.MaxInt64, math.MaxInt64 - 1, farthest * int64(time.Second)} {
		if ts := monotonic(deadline); int64(ts.Sec) != farthest {
			t.Errorf("deadline %d becomes %d s, want %d", deadline, ts.Sec, int64(farthest))
		}
	}
}
