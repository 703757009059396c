package engine

import "context"

// cancellation is ErrCancelled with a cause. Each is an error of its own, which
// is how a request is known again.
type cancellation struct{ cause error }

// cancellationOf is what a cancellation for cause is told as.
func cancellationOf(cause error) error {
	if cause == nil {
		return ErrCancelled
	}
	return &cancellation{cause}
}

// Error tells the cause.
func (c *cancellation) Error() string {
	if c.cause == nil {
		return ErrCancelled.Error()
	}
	return ErrCancelled.Error() + ": " + c.cause.Error()
}

// Is makes every cancellation an ErrCancelled and a context.Canceled.
func (c *cancellation) Is(target error) bool {
	return target == ErrCancelled || target == context.Canceled
}

// Unwrap returns the cause.
func (c *cancellation) Unwrap() error { return c.cause }
