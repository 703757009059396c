//go:build unix

package engine

import (
	"os"
	"syscall"
)

// numberOf is the number of a signal that checkSignal has let pass.
func numberOf(sig os.Signal) int { return int(sig.(syscall.Signal)) }

// checkSignal refuses what cannot be handled: numbers out of range, the two
// that the C library keeps to itself, and those that cannot be caught.
func checkSignal(sig os.Signal) error {
	n, ok := sig.(syscall.Signal)
	switch {
	case !ok || n < 1 || n > lastSignal:
		return badArg("sig", "is no signal of this system")
	case n == 32 || n == 33:
		return badArg("sig", "is kept by the C library")
	case n == syscall.SIGKILL || n == syscall.SIGSTOP:
		return badArg("sig", "cannot be caught")
	}
	return nil
}
