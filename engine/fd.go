package engine

import (
	"fmt"
	"os"
	"syscall"
)

// FD is a file descriptor.
type FD = int

// FDOf is the descriptor of something that has one, an *os.File or a *net.TCPConn,
// say: fileno. The caller keeps c open and reachable while the loop watches the
// descriptor. It fails with an *ArgError for nil, and with os.ErrClosed when c is
// closed. Any goroutine.
func FDOf(c syscall.Conn) (FD, error) {
	if c == nil {
		return -1, badArg("c", "must not be nil")
	}
	fd := -1
	err := control(c, func(n int) { fd = n })
	return fd, err
}

// control calls fn with the descriptor of c, which is open meanwhile.
func control(c syscall.Conn, fn func(fd int)) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	if err := raw.Control(func(n uintptr) { fn(int(n)) }); err != nil {
		return fmt.Errorf("%w: %w", os.ErrClosed, err) // which a file does not say by itself
	}
	return nil
}

var _ syscall.Conn = (*os.File)(nil)
