package sock

import (
	"errors"
	"testing"
)

// TestValid: some systems have 0 for a descriptor with an error.
func TestValid(t *testing.T) {
	broken := errors.New("broken")
	if fd, err := valid(0, broken); fd != -1 || err != broken {
		t.Errorf("%d, %v, want -1 and the error", fd, err)
	}
	if fd, err := valid(7, nil); fd != 7 || err != nil {
		t.Errorf("%d, %v, want 7", fd, err)
	}
}
