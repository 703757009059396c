package poller

import "time"

// base is the zero of the process-wide clock. It is set once, before any
// poller can exist, so every Now is positive.
var base = time.Now()

// Now is the present time in nanoseconds on the clock that Now and the
// deadlines of every poller of this process share. Any goroutine; it does not
// allocate and never steps back.
func Now() int64 { return int64(time.Since(base)) }
