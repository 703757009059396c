// Package reactor is one shard of the engine: the turn of the loop, its ready
// queue, mailbox, timers and descriptor slots. It knows callbacks and readiness
// and no protocol.
//
// # Model
//
// A Reactor runs on one goroutine of its own, from the first Run until Close.
// Everything it owns belongs to that goroutine; nothing on the way of an event, a
// callback or a timer takes a lock. Other goroutines reach it through Post and
// Stop, and through what only asks, begins or ends it. While the reactor does not
// run, one goroutine at a time may use it as if it were its own.
//
// # The turn
//
// The steps are those of docs/loop-iteration.md; the code and the tests cite
// them by number.
//
//	1 timeout   0 with work at hand, else until the earliest deadline
//	2 poll      once
//	3 clock     read once, and only with live timers
//	4 gather    mailbox to the ready queue: n callbacks; due timers to the due list
//	5 ready     those n callbacks
//	6 events    those told of the poll before, then the others in poller order
//	7 due       timers in order of deadline and registration
//	8 flush     what coalesced in steps 5 to 7
//
// Whatever steps 5 to 8 schedule waits for the next turn, behind another poll.
//
// # Cost
//
// A callback costs about 7 ns, a post about 20 ns, a turn the poll and about
// 40 ns (docs/perf). None of them allocates.
package reactor
