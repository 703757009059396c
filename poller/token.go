package poller

import (
	"os"
	"syscall"
)

// checkToken refuses the tokens of inner descriptors.
func checkToken(t Token) error {
	if t.Index() == OwnIndex {
		return os.NewSyscallError("poller: token bears OwnIndex", syscall.EINVAL)
	}
	return nil
}
