//go:build !linux

package sock

import (
	"errors"
	"os"
)

// unsupported is the error of a call that this system does not have.
func unsupported(call string) error {
	return &os.SyscallError{Syscall: call, Err: errors.ErrUnsupported}
}
