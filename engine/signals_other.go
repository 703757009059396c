//go:build !unix

package engine

import (
	"errors"
	"fmt"
	"os"
)

// numberOf is never asked.
func numberOf(os.Signal) int { return 0 }

// checkSignal refuses every signal: the loop handles those of unix only.
func checkSignal(os.Signal) error {
	return fmt.Errorf("signal handlers on this system: %w", errors.ErrUnsupported)
}
