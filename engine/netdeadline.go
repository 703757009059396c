package engine

import (
	"context"
	"os"
	"sync"
	"time"
)

// deadline is a deadline of a Conn, that may be changed while somebody waits with
// it, as in package net: one that has not passed when it is changed ends the wait by
// the new time.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer   // guarded by mu
	passed chan struct{} // closed when it has passed; guarded by mu
}

// set changes it; the zero time is none.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.passed // its function runs
	}
	d.timer = nil
	if d.passed == nil || isDone(d.passed) {
		d.passed = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	passed := d.passed
	if left := time.Until(t); left > 0 {
		d.timer = time.AfterFunc(left, func() { close(passed) })
		return
	}
	close(passed)
}

// end lets it pass for good and keeps no timer, which would outlive its Conn by as
// much as was left.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.passed // its function runs
	}
	d.timer = nil
	if d.passed != nil && !isDone(d.passed) {
		close(d.passed)
	}
}

// passing is what a wait that begins now has to go by.
func (d *deadline) passing() passing {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed == nil {
		d.passed = make(chan struct{})
	}
	return d.passed
}

// passing is a deadline as the context of one wait, closed when it has passed. It
// stays closed when the deadline is changed then: a wait that it has ended looks for
// the reason afterwards.
type passing chan struct{}

var _ context.Context = passing(nil)

// Done is closed when it has passed.
func (p passing) Done() <-chan struct{} { return p }

// Err is os.ErrDeadlineExceeded when it has passed.
func (p passing) Err() error {
	if isDone(p) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// Deadline tells of none: this one may change.
func (p passing) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value has none.
func (p passing) Value(any) any { return nil }

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
