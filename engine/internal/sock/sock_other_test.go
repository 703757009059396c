//go:build !unix

package sock

import (
	"errors"
	"testing"
)

func TestUnsupported(t *testing.T) {
	if err := Steer(0, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v, want ErrUnsupported", err)
	}
	if _, err := Open(Kind{Inet, Stream, 0}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v, want ErrUnsupported", err)
	}
	if _, _, err := Accept(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v, want ErrUnsupported", err)
	}
}
