//go:build !linux

package poller

import (
	"errors"
	"fmt"
)

// NewEpoll fails: only Linux has epoll(7).
func NewEpoll() (Poller, error) { return nil, unsupported("epoll(7)") }

// unsupported says what is missing on this system. The error is
// errors.ErrUnsupported.
func unsupported(what string) error {
	return fmt.Errorf("poller: %s on this system: %w", what, errors.ErrUnsupported)
}
