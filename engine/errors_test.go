package engine

import (
	"errors"
	"fmt"
	"testing"
)

func TestArgError(t *testing.T) {
	err := badArg("fd", "must not be negative")
	if got := err.Error(); got != "fd must not be negative" {
		t.Errorf("prints as %q", got)
	}
	expect(t, "wrapped", fmt.Errorf("AddReader: %w", err), ErrInvalidArgument)
}

// TestErrorsDiffer: no error of a loop is another.
func TestErrorsDiffer(t *testing.T) {
	list := []error{ErrLoopClosed, ErrLoopRunning, ErrLoopDied, ErrInvalidArgument}
	for i, a := range list {
		for j, b := range list {
			if errors.Is(a, b) != (i == j) {
				t.Errorf("%v is %v: %t", a, b, i != j)
			}
		}
	}
}
