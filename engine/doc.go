// Package engine is an event loop with the API of Python's asyncio, on sharded
// loops that run at the speed of the system calls below them.
//
// A Loop runs callbacks, timers and descriptor watchers, takes posts from other
// goroutines, and carries futures and tasks, connections and servers over TCP and
// unix sockets, datagrams and pipes. A Group is several loops that serve together. In
// the repository, docs/architecture.md shows the house, docs/loop-iteration.md what one
// turn of the loop does in which order, and docs/tasks.md who may wait where.
//
// A Loop belongs to its own goroutine. Methods marked "loop only" may be called
// from its callbacks, or from one goroutine at a time while it does not run;
// methods marked "any goroutine" are safe everywhere.
package engine
