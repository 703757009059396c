//go:build unix

package bench

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a terminal's interrupt from the sample: it is for the parent,
// which ends the sample itself and then knows that it did not fail.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
