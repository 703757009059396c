//go:build unix

package sock

import (
	"os"

	"golang.org/x/sys/unix"
)

// ControlTruncated is the flag of a message whose descriptors did not all fit, into
// the buffer or into the process.
const ControlTruncated = unix.MSG_CTRUNC

func canPass() error { return nil }

func rights(fds []int) []byte { return unix.UnixRights(fds...) }

func rightsRoom() int { return unix.CmsgSpace(4 * maxRights) }

func parseRights(control []byte) (fds []int, err error) {
	list, err := unix.ParseSocketControlMessage(control)
	for i := range list {
		if h := &list[i].Header; h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_RIGHTS {
			some, _ := unix.ParseUnixRights(&list[i]) // are rights
			fds = append(fds, some...)
		}
	}
	return fds, os.NewSyscallError("recvmsg", err)
}

func closeOnExec(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
	return os.NewSyscallError("fcntl", err)
}
