package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

var (
	// ErrLoopClosed: the loop is closed.
	ErrLoopClosed = reactor.ErrClosed
	// ErrLoopRunning: a loop runs already where none may, or has to be stopped
	// first.
	ErrLoopRunning = reactor.ErrRunning
	// ErrLoopDied: a callback ended the loop's goroutine by runtime.Goexit.
	ErrLoopDied = reactor.ErrDied
	// ErrNoRunningLoop: the caller is no callback of a loop.
	ErrNoRunningLoop = errors.New("no running event loop")
	// ErrNoCurrentLoop: the calling goroutine has neither a running loop nor one
	// that it has set.
	ErrNoCurrentLoop = errors.New("no current event loop on this goroutine")
	// ErrStoppedBeforeDone: the loop was stopped before the future was done.
	ErrStoppedBeforeDone = errors.New("event loop stopped before the future was done")
	// ErrWrongThread: a loop-only method was called on a foreign goroutine; found
	// in debug mode.
	ErrWrongThread = errors.New("loop-only method called on another goroutine than the loop's")
	// ErrForeignLoop: a future of another loop.
	ErrForeignLoop = errors.New("the future belongs to a different loop")
	// ErrInvalidState: the future is done where it must be pending, or pending
	// where it must be done.
	ErrInvalidState = errors.New("invalid state of the future")
	// ErrExecutorShutdown: the executor was shut down.
	ErrExecutorShutdown = errors.New("executor shutdown has been called")
	// ErrNotInTask: a call that waits was made in a bare callback, which must not
	// wait.
	ErrNotInTask = errors.New("a call that waits was made in a callback, outside of a task")
	// ErrLoopNotRunning: a call would wait for a loop that does not run.
	ErrLoopNotRunning = errors.New("the event loop is not running")
	// ErrAwaitSelf: a task awaits itself.
	ErrAwaitSelf = errors.New("a task cannot await itself")
	// ErrTaskExited: the coroutine of a task called runtime.Goexit.
	ErrTaskExited = errors.New("the task ended its goroutine by runtime.Goexit")
	// ErrTaskEnded is the cause of the context of a task that has ended.
	ErrTaskEnded = errors.New("the task has ended")
	// ErrAsyncGenRunning: an asynchronous generator is asked for something while
	// it runs or waits already.
	ErrAsyncGenRunning = errors.New("asynchronous generator is already running")
	// ErrTransportClosing: the transport is closing or lost.
	ErrTransportClosing = stream.ErrClosing
	// ErrWriteAfterEOF: the transport's writing side was ended.
	ErrWriteAfterEOF = stream.ErrAfterEOF
	// ErrWouldBlock: more bytes are on their way than the high mark allows.
	ErrWouldBlock = stream.ErrWouldBlock
	// ErrReadInProgress: another read of the StreamReader is under way.
	ErrReadInProgress = errors.New("another read of the stream is under way")
	// ErrFdInUse: another call of the same direction waits for the socket, or the
	// loop watches the descriptor for somebody else: a transport, AddReader.
	ErrFdInUse = reactor.ErrInUse
	// ErrServerClosed: the server is closed.
	ErrServerClosed = errors.New("the server is closed")
	// ErrServing: ServeForever is under way already.
	ErrServing = errors.New("the server is already being awaited")
	// ErrNoPredecessor: no process waits for a successor.
	ErrNoPredecessor = errors.New("no process waits for a successor")
	// ErrInterrupted: Run was interrupted by the signal SIGINT.
	ErrInterrupted = errors.New("interrupted")
	// ErrUnsupported: this system or this build has no such thing.
	ErrUnsupported = errors.ErrUnsupported
	// ErrInvalidArgument is wrapped by every *ArgError.
	ErrInvalidArgument = errors.New("invalid argument")

	// ErrCancelled: the future was cancelled. It is context.Canceled to errors.Is.
	ErrCancelled error = &kindError{"cancelled", []error{context.Canceled}}
	// ErrTimeout: a time limit has passed. It is os.ErrDeadlineExceeded and
	// context.DeadlineExceeded to errors.Is.
	ErrTimeout error = &kindError{"timed out", []error{os.ErrDeadlineExceeded, context.DeadlineExceeded}}
	// ErrConnectionLost: a connection was lost without an error, and something waits
	// for it to take more. It is syscall.ECONNRESET to errors.Is.
	ErrConnectionLost error = &kindError{"connection lost", []error{syscall.ECONNRESET}}
	// ErrCloseTimeout: a connection was closed, and not all was sent within
	// Config.CloseTimeout. It is ErrTimeout to errors.Is, and what that is.
	ErrCloseTimeout error = &kindError{"not all was sent in time", []error{ErrTimeout, os.ErrDeadlineExceeded, context.DeadlineExceeded}}
)

// kindError is a sentinel that is also those of other packages.
type kindError struct {
	text  string
	kinds []error
}

// Error tells the text.
func (e *kindError) Error() string { return e.text }

// Is makes the error the other packages' sentinels too.
func (e *kindError) Is(target error) bool { return slices.Contains(e.kinds, target) }

// ArgError is a value that a call does not take. It is returned before anything
// has been touched, and wraps ErrInvalidArgument.
type ArgError struct {
	Arg    string // the parameter or field
	Reason string // what is wrong with it
}

// Error names the argument.
func (e *ArgError) Error() string { return fmt.Sprintf("%s %s", e.Arg, e.Reason) }

// Unwrap makes errors.Is(err, ErrInvalidArgument) hold.
func (e *ArgError) Unwrap() error { return ErrInvalidArgument }

func badArg(arg, reason string) error { return &ArgError{Arg: arg, Reason: reason} }
