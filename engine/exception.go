package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// ErrorContext says what went wrong and with what: the context dictionary of
// asyncio's exception handlers. Fields that do not apply are zero.
type ErrorContext struct {
	Message   string          // what happened
	Err       error           // exception: a *PanicError for a panic
	Future    AnyAwaitable    // future
	Task      AnyAwaitable    // task
	Handle    *Handle         // handle
	Protocol  any             // protocol
	Transport any             // transport
	Socket    any             // socket
	AsyncGen  any             // asyncgen
	Context   context.Context // of what failed; nil is the handle's, or the loop's own

	SourceTraceback string         // in debug mode, where the future was made
	HandleTraceback string         // in debug mode, where the handle was made
	Extra           map[string]any // anything else
}

// ExceptionHandler is told of errors that no caller can be told of. It runs on
// the loop, in the context of what failed, and may use the loop.
type ExceptionHandler func(l *Loop, c ErrorContext)

// PanicError is a panic that was caught, with its stack. It wraps the value if
// that is an error.
type PanicError struct {
	Value any
	Stack []byte
}

// Error tells the value.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// SetExceptionHandler sets the handler, nil the default one:
// set_exception_handler. It takes effect at once. Loop only.
func (l *Loop) SetExceptionHandler(h ExceptionHandler) { l.handler = h }

// ExceptionHandler returns the handler that was set, nil for the default one:
// get_exception_handler. Loop only.
func (l *Loop) ExceptionHandler() ExceptionHandler { return l.handler }

// CallExceptionHandler calls the handler in the context of what failed:
// call_exception_handler. A handler that panics is reported by the default one.
// Loop only.
func (l *Loop) CallExceptionHandler(c ErrorContext) {
	before := l.ctx
	defer func() { l.ctx = before }()
	l.ctx = l.contextOf(c)
	if l.handler == nil {
		l.defaultHandler(c)
		return
	}
	if err := catch(func() { l.handler(l, c) }); err != nil {
		l.defaultHandler(ErrorContext{
			Message: "Unhandled error in exception handler",
			Err:     err,
			Extra:   map[string]any{"context": c},
		})
	}
}

// contextOf is the context that c is handled in.
func (l *Loop) contextOf(c ErrorContext) context.Context {
	switch {
	case c.Context != nil:
		return c.Context
	case c.Handle != nil && c.Handle.ctx != nil:
		return c.Handle.ctx
	}
	return l.base
}

// defaultHandler is the default handler, which has nobody left to report to but
// the log.
func (l *Loop) defaultHandler(c ErrorContext) {
	if err := catch(func() { l.DefaultExceptionHandler(c) }); err != nil {
		fmt.Fprintf(os.Stderr, "shardloop: Exception in default exception handler: %v\n", err)
	}
}

// DefaultExceptionHandler logs one error record: the message, or "Unhandled
// exception in event loop", then a line for each other part, in order of their
// names, with the error and the stack of a panic as attributes:
// default_exception_handler. A handler may call it to defer. Without
// Config.Logger only panics are shown, on standard error, because a panic is
// never silent. Loop only.
func (l *Loop) DefaultExceptionHandler(c ErrorContext) {
	text := c.String()
	var p *PanicError
	panicked := errors.As(c.Err, &p)
	switch {
	case l.verbose && panicked:
		l.log.Error(text, "error", c.Err, "stack", string(p.Stack))
	case l.verbose && c.Err != nil:
		l.log.Error(text, "error", c.Err)
	case l.verbose:
		l.log.Error(text)
	case panicked:
		fmt.Fprintf(os.Stderr, "shardloop: %s\n%v\n\n%s\n", text, p, p.Stack)
	}
}

// String is the record of the default handler.
func (c ErrorContext) String() string {
	lines := c.lines()
	slices.Sort(lines)
	message := c.Message
	if message == "" {
		message = "Unhandled exception in event loop"
	}
	return strings.Join(append([]string{message}, lines...), "\n")
}

// lines are the parts besides message and error.
func (c ErrorContext) lines() (lines []string) {
	add := func(key string, value any) { lines = append(lines, fmt.Sprintf("%s: %v", key, value)) }
	if c.Future != nil {
		add("future", c.Future)
	}
	if c.Task != nil {
		add("task", c.Task)
	}
	if c.Handle != nil {
		add("handle", c.Handle)
	}
	for key, value := range map[string]any{
		"protocol": c.Protocol, "transport": c.Transport, "socket": c.Socket, "asyncgen": c.AsyncGen,
	} {
		if value != nil {
			add(key, value)
		}
	}
	if c.SourceTraceback != "" {
		add("source_traceback", "Object created at (most recent call first):\n"+strings.TrimRight(c.SourceTraceback, "\n"))
	}
	if c.HandleTraceback != "" {
		add("handle_traceback", "Handle created at (most recent call first):\n"+strings.TrimRight(c.HandleTraceback, "\n"))
	}
	for key, value := range c.Extra {
		add(key, value)
	}
	return lines
}

// panicError is for the deferred function that recovered v.
func panicError(v any) *PanicError { return &PanicError{Value: v, Stack: debug.Stack()} }

// catch calls fn and returns its panic as an error.
func catch(fn func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicError(v)
		}
	}()
	fn()
	return nil
}

// failed is what the reactor calls with the error that ends a run which Start
// began. When it is ErrLoopDied, the handle is the one that was the end of it.
func (l *Loop) failed(err error) {
	c := ErrorContext{Message: "Event loop failed", Err: err, Handle: l.current}
	l.current, l.ctx = nil, l.base
	l.CallExceptionHandler(c)
}

// fault is what the reactor calls for a panic in a callback.
func (l *Loop) fault(f reactor.Fault) {
	h := l.current
	l.current, l.ctx = nil, l.base
	if f.Panic == nil {
		l.CallExceptionHandler(ErrorContext{Err: f.Err})
		return
	}
	err := &PanicError{Value: f.Panic, Stack: f.Stack}
	if l.streams != nil && l.streams.Panicked(err) || l.datagrams != nil && l.datagrams.Panicked(err) {
		return
	}
	c := ErrorContext{Message: "Exception in callback", Err: err}
	if h != nil {
		c.Handle, c.Context = h, h.ctx
		c.Message += " " + h.callback()
		c.HandleTraceback = h.made.String()
	}
	l.CallExceptionHandler(c)
}
