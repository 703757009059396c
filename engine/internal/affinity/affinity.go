// Package affinity says which processors threads run on.
//
// Linux keeps a set of processors for each thread, and hands it down to the
// threads and the processes that the thread makes. The runtime makes its threads
// on a thread that nobody has locked, as long as the maker is locked itself. So a
// set stays with one goroutine as long as that goroutine is locked to its thread
// from before Pin to its end, with which the thread ends too.
package affinity

// Allowed are the processors that the process may run on, in ascending order: those
// of a thread that is not pinned. It fails with an error that is
// errors.ErrUnsupported where the system has no such thing. Any goroutine, pinned
// or not.
func Allowed() ([]int, error) { return allowed() }

// Pin keeps the calling goroutine, which must be locked to its thread, on some
// processors: on those of cpus that the process may run on. Undo, on the same
// goroutine, gives it the old ones back. It fails with an *os.SyscallError, if none
// of cpus is left for instance.
func Pin(cpus []int) (undo func(), err error) { return pin(cpus) }
