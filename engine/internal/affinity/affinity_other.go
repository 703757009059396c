//go:build !linux

package affinity

import (
	"errors"
	"os"
)

func allowed() ([]int, error) { return nil, unsupported("sched_getaffinity") }

func pin([]int) (func(), error) { return nil, unsupported("sched_setaffinity") }

// unsupported is the error of a call that this system does not have.
func unsupported(call string) error {
	return &os.SyscallError{Syscall: call, Err: errors.ErrUnsupported}
}
