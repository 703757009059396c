// Package poller waits for descriptors, wake-ups and deadlines.
//
// It is the seam between the loop and the system: everything above it is the
// same everywhere, everything below it is one kernel's. The portable file you
// are reading holds the whole contract; each implementation sits in the file
// named for it (epoll_linux.go, poll_unix.go) and the simulated one of tests
// in package simpoll.
//
// # Contract
//
// A Poller belongs to one goroutine at a time, its owner. Only Wake may be
// called from elsewhere, and it is safe against Close.
//
// The poller is called once per turn of the loop (Poll or Wait) and once per
// registration, never once per event: a turn's events come back as one slice,
// which belongs to the poller and is valid until its next Poll or Wait.
//
// Deadlines and Now are nanoseconds on one monotonic clock that starts near
// zero and that all pollers of a process share; a simulated poller brings its
// own. NoDeadline means for ever.
//
// Registrations are named by descriptor and carry a Token that the poller
// hands back with each event and never interprets. Tokens hold an index and a
// generation, so that their owner can tell an event of a closed descriptor
// from one of its successor; no implementation may store a Go pointer in the
// kernel.
//
// # Portability
//
// What a consumer must be ready for, on every implementation:
//
//   - Spurious events. An event is a hint: the call it announces may still
//     answer EAGAIN.
//   - Early returns. Wait may return no events before its deadline, after a
//     Wake, a signal or a deadline that has since been withdrawn.
//   - Several events for one token in one batch (kqueue reports each direction
//     by itself). In one event, and between two events of one token in a
//     batch, the readable side comes first.
//   - Order. Events come in the order the kernel keeps them; a first event is
//     never starved by later ones, because a full batch makes the next one
//     larger, without a limit that a consumer could see.
//   - Level-triggered registrations (no Edge) report a condition at every Poll
//     or Wait for as long as it holds, and report only the directions asked
//     for, besides HangUp and Failed, which always come.
//   - Edge registrations report a condition when it begins, and may repeat it.
//     The consumer reads or writes until the call comes up short, then says
//     Rearm; without that the poller may stay silent about the direction.
//     Where Traits.Rearm is false, Rearm does nothing and need not be called.
//     PeerClosed is reported to Edge registrations alone, by the kernels that
//     tell it; a read that ends says the same everywhere. So is Urgent, where
//     Rearm does nothing.
//   - HangUp and Failed may come without a direction: what a read or a write
//     would return is then still to be fetched.
//   - Completions. A poller whose kernel completes operations instead of
//     announcing them (Traits.Completions) reports Done events, with the count
//     in N and the failure in Errno; there Rearm(In) submits the zero-byte read
//     that stands for readiness. Readiness pollers leave N and Errno zero.
//   - Descriptors closed while registered. The kernel's set forgets them only
//     when the last duplicate of the open description is closed; until then
//     their tokens keep coming. The consumer counts such stale tokens and says
//     Rebuild, which makes a new set out of the registrations it still knows.
//     poll, whose set is a table of numbers, reports a descriptor that was
//     closed without Forget once, as HangUp and Failed, and forgets it.
//   - Regular files. epoll refuses them with EPERM, poll reports them always
//     ready.
//
// Errors are *os.SyscallError and wrap the errno. Methods of a closed poller
// return net.ErrClosed.
package poller

import (
	"iter"
	"math"
	"syscall"
)

// NoDeadline, given to Wait, waits for ever.
const NoDeadline int64 = math.MaxInt64

// Token names a registration: the slot index of its owner in the low half, the
// slot's generation in the high half. The index OwnIndex is not for consumers.
type Token uint64

// OwnIndex is the one index that pollers keep for their own descriptors; Add
// and Modify refuse a token that bears it with EINVAL.
const OwnIndex = math.MaxUint32

// MakeToken packs a slot index and a generation.
func MakeToken(index, generation uint32) Token {
	return Token(generation)<<32 | Token(index)
}

// Index is the slot index.
func (t Token) Index() uint32 { return uint32(t) }

// Generation is the slot's generation at registration time.
func (t Token) Generation() uint32 { return uint32(t >> 32) }

// Interest is what a registration asks for.
type Interest uint8

const (
	// In asks for readable.
	In Interest = 1 << iota
	// Out asks for writable.
	Out
	// Edge asks for changes instead of conditions; see Portability.
	Edge
)

// Ready is what an event tells.
type Ready uint8

const (
	// Readable: a read would return data, an end or an error.
	Readable Ready = 1 << iota
	// Writable: a write would take bytes or return an error.
	Writable
	// PeerClosed: the peer sends no more; what it sent before may be unread.
	PeerClosed
	// HangUp: both directions are over.
	HangUp
	// Failed: an error is pending on the descriptor.
	Failed
	// Done: an operation completed; see Event.N and Event.Errno.
	Done
	// Urgent: bytes came out of band. A read stops where they were sent, so that
	// one that comes up short does not say that nothing is left.
	Urgent
)

// Event is one readiness or completion.
type Event struct {
	Token Token
	Ready Ready
	N     int32         // bytes of a completed operation
	Errno syscall.Errno // failure of a completed operation
}

// Registration is what Rebuild needs of each descriptor.
type Registration struct {
	FD       int
	Token    Token
	Interest Interest
}

// Mode is how Wait gives up the processor.
type Mode uint8

const (
	// Block waits inside the system call. The goroutine keeps its thread.
	Block Mode = iota
	// Park waits in the runtime's own poller, so that no thread is held and an
	// idle processor of the runtime serves the wake-up. A poller that cannot
	// park (Traits.Park is false) blocks instead.
	Park
)

// Traits are the differences between pollers that a consumer acts on. They are
// constant until Close.
type Traits struct {
	Park        bool // Wait knows Park
	Rearm       bool // Edge registrations need Rearm after each event
	Completions bool // events may be Done
	Descriptors int  // descriptors the poller itself holds; 0 once closed
}

// Poller is one readiness or completion queue. See the package comment.
type Poller interface {
	// Now is the present time on the clock of deadlines.
	Now() int64

	// Add registers fd. It fails with EEXIST when fd is registered, EBADF when
	// it is not open, EPERM when the kernel cannot poll it.
	Add(fd int, t Token, i Interest) error

	// Modify replaces token and interest of fd; ENOENT when it is not
	// registered. An Edge registration reports conditions that hold already
	// once more.
	Modify(fd int, t Token, i Interest) error

	// Remove ends the registration of fd; ENOENT when there is none, or EBADF
	// when fd is not even open.
	Remove(fd int) error

	// Forget is Remove for a descriptor that its owner closes before the next
	// Poll or Wait: no system call is made where closing is enough.
	Forget(fd int)

	// Rearm tells that the consumer has taken what an Edge event announced in
	// the directions of i and wants to hear of the next. Directions that the
	// registration did not ask for are ignored. Where Rearm does something, a
	// registration that is not there or bears another token is ENOENT.
	Rearm(fd int, t Token, i Interest) error

	// Rebuild replaces the kernel's set by one that holds exactly regs, less
	// those that are not open. Like Modify it repeats conditions that hold. When
	// it fails, the old set stays in use.
	Rebuild(regs iter.Seq[Registration]) error

	// Poll returns what is ready now and never blocks.
	Poll() ([]Event, error)

	// Wait returns when something is ready, at the deadline, after a Wake, or
	// early; see Portability. A deadline that has passed makes it a Poll.
	Wait(deadline int64, m Mode) ([]Event, error)

	// Wake ends the present Wait, or the next one at once, whatever Polls come
	// before it. Any goroutine; several calls before that Wait count as one. On
	// a closed poller it is net.ErrClosed.
	Wake() error

	// Traits tells what this poller can do.
	Traits() Traits

	// Close releases the poller's own descriptors, and none of the registered
	// ones. A second Close does nothing.
	Close() error
}
