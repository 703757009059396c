package engine

import (
	"errors"
	"fmt"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

var (
	// ErrLoopClosed: the loop is closed.
	ErrLoopClosed = reactor.ErrClosed
	// ErrLoopRunning: the loop runs already, or has to be stopped first.
	ErrLoopRunning = reactor.ErrRunning
	// ErrLoopDied: a callback ended the loop's goroutine by runtime.Goexit.
	ErrLoopDied = reactor.ErrDied
	// ErrInvalidArgument is wrapped by every *ArgError.
	ErrInvalidArgument = errors.New("invalid argument")
)

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
