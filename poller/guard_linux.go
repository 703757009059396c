package poller

import (
	"time"

	"golang.org/x/sys/unix"
)

// guardEvery bounds how long the runtime's monitor may stay asleep beside a
// parked wait: what the monitor itself grants a busy processor before it looks
// after the runtime's poller.
const guardEvery = 10 * time.Millisecond

// monitorGuard keeps the runtime's monitor within reach of a parked wait.
//
// With all processors busy nobody but the monitor looks after the runtime's
// poller. But the monitor goes to sleep for a minute when it finds all
// processors idle, and only two things wake it: a system call that announces
// itself, and a timer that was set before it fell asleep. A loop's calls do not
// announce themselves. So a callback could start a goroutine that never waits,
// park, and not be heard of for a minute (seen with GOMAXPROCS 1).
//
// Whenever a wait parks, the guard has seen to it that the monitor is awake, or
// has a timer that wakes it within guardEvery: it sets a timer and then makes a
// call that announces itself, anew once the timer has passed. Once awake the
// monitor stays so while a processor is busy. The price is a few microseconds
// in 10 ms of work; a loop that rests pays nothing.
type monitorGuard struct {
	timer *time.Timer
	until int64 // the timer is due then
}

// renew is called before each parked wait.
func (g *monitorGuard) renew() {
	now := Now()
	if now < g.until {
		return
	}
	g.until = now + int64(guardEvery)
	if g.timer == nil {
		g.timer = time.AfterFunc(guardEvery, func() {})
	} else {
		g.timer.Reset(guardEvery)
	}
	_, _, _ = unix.Syscall(unix.SYS_GETPPID, 0, 0, 0) // cannot fail
}

// stop ends the guard until the next renew.
func (g *monitorGuard) stop() {
	g.until = 0
	if g.timer != nil {
		g.timer.Stop()
	}
}
