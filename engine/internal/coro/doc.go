// Package coro runs functions that can stop in their middle, on the goroutine
// of their owner: coroutines for tasks.
//
// They are iter.Pull's: a switch is a direct hand-over between two goroutines,
// about 40 ns, without the scheduler and never in parallel. Three rules of the
// runtime shape the package.
//
//   - A coroutine is resumed with its thread locked exactly if it was made so;
//     anything else kills the process. So all of one pool are made and resumed by
//     one goroutine, and a body must not call runtime.LockOSThread.
//   - A Goexit in a coroutine ends whoever resumes it. So an exited body yields
//     once more from a deferred function, and what is left of it is stopped on a
//     goroutine made for that, when the next coroutine is asked for.
//   - A coroutine that is dropped while suspended is a goroutine lost. So a pool
//     knows its live coroutines, and Close ends them.
package coro
