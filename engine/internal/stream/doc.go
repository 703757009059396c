// Package stream moves the bytes of one connection: the transport below the
// documented one, for sockets and pipes. It knows descriptors, buffers and flow
// control; it knows no protocols, no tasks and no asyncio.
//
//	         engine: connection (Transport, holds the user's Protocol)
//	           ^ Data, End, Pause, Resume, Lost      | Write, Close, Abort ...
//	           |                                     v
//	+----------+-------------------------------------+-----------+
//	| Stream   |                                     |           |
//	|   read side                               write side       |
//	|   budget of a turn, paused, ended         chain, marks,    |
//	|          ^                                held, blocked    |
//	+----------+-------------------------------------+-----------+
//	           | HandleReady (step 6)                | writev
//	        reactor: turn, slots, timers          the kernel
//
// Where the rest enters: a TLS filter sits between a Stream and its owner, as
// the owner's Events on one side and the user's on the other. A kernel that
// completes operations enters at the same two places as one that announces
// them: a zero-byte read that has completed is Readable, a write that has
// completed is Writable with its count.
//
// Everything here belongs to the loop, except Post and its kin.
package stream
