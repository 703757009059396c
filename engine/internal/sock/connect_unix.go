//go:build unix

package sock

import (
	"os"

	"golang.org/x/sys/unix"
)

// connecting sorts what connect returned. The kernel goes on after an
// interrupted call, as it does after one that would have waited.
func connecting(err error) (pending bool, _ error) {
	switch err {
	case nil:
		return false, nil
	case unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		return true, nil
	}
	return false, os.NewSyscallError("connect", err)
}

// connectResult asks for a peer too: no error is pending before the end either.
func connectResult(fd int) (pending bool, err error) {
	n, err := option(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return false, err
	}
	if n != 0 {
		return connecting(unix.Errno(n))
	}
	if _, err = peer(fd); isErrno(err, unix.ENOTCONN) {
		return true, nil
	}
	return false, err
}

// isErrno tells whether err is that failure of a system call.
func isErrno(err error, errno unix.Errno) bool {
	failed, ok := err.(*os.SyscallError)
	return ok && failed.Err == errno
}
