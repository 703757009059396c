// Package engine is an event loop with the API of Python's asyncio, on sharded
// loops that run at the speed of the system calls below them.
//
// What is here so far is the floor the rest stands on: a Loop that runs
// callbacks, timers and descriptor watchers, with posts from other goroutines.
// docs/architecture.md in the repository shows the house, and
// docs/loop-iteration.md what one turn of the loop does in which order.
//
// A Loop belongs to its own goroutine. Methods marked "loop only" may be called
// from its callbacks, or from one goroutine at a time while it does not run;
// methods marked "any goroutine" are safe everywhere.
package engine
