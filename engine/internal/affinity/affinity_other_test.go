//go:build !linux

package affinity

import (
	"errors"
	"testing"
)

func TestUnsupported(t *testing.T) {
	if cpus, err := Allowed(); cpus != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Allowed: %v, %v", cpus, err)
	}
	if undo, err := Pin([]int{0}); undo != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Pin: %v, an undo: %t", err, undo != nil)
	}
}
