package poller

import (
	"errors"
	"syscall"
	"testing"
)

func TestNow(t *testing.T) {
	last := Now()
	if last <= 0 {
		t.Errorf("Now is %d, want a positive time", last)
	}
	for range 1000 {
		now := Now()
		if now < last {
			t.Fatalf("%d after %d", now, last)
		}
		last = now
	}
}

func TestToken(t *testing.T) {
	for _, want := range [][2]uint32{{0, 0}, {1, 2}, {1<<32 - 2, 1<<32 - 1}, {1 << 31, 1}} {
		token := MakeToken(want[0], want[1])
		if got := [2]uint32{token.Index(), token.Generation()}; got != want {
			t.Errorf("%v becomes %v", want, got)
		}
	}
	if err := checkToken(MakeToken(OwnIndex, 0)); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("OwnIndex: %v, want EINVAL", err)
	}
}
