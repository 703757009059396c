//go:build unix

package dgram

import (
	"errors"
	"syscall"
	"testing"
)

// TestPanicsOfOthers are no endpoint's: neither behind a callback that has returned nor
// behind one whose panic was told.
func TestPanicsOfOthers(t *testing.T) {
	for _, panics := range []bool{false, true} {
		w := simple(t)
		o, far := w.pair()
		told := 0
		mayPanic := func() {
			if told++; panics {
				panic("its own")
			}
		}
		o.onData = func([]byte) { mayPanic() }
		o.onErr = func(error) { mayPanic() }
		o.onLost = mayPanic
		for _, step := range []struct {
			cause func()
			told  int // by then
		}{
			{func() { o.Made(mayPanic) }, 1},
			{func() { write(t, far, "a") }, 2},
			{func() { w.spoiled(syscall.EHOSTUNREACH); write(t, far, "b") }, 4},
			{func() { o.Close() }, 5},
		} {
			w.turn(step.cause)
			w.until(func() bool { return told == step.told })
			equal(t, "taken for its own", w.sh.Panicked(errors.New("of others")), false)
		}
		equal(t, "descriptor", o.Fd(), -1)
		equal(t, "reports", len(w.faults), map[bool]int{true: 5}[panics])
	}
}

// TestALoopWithoutLimits has nobody to ask whether it is full.
func TestALoopWithoutLimits(t *testing.T) {
	w := simple(t, func(c *Config) { c.Full, c.Eased = nil, nil })
	o, far := w.pair()
	write(t, far, "a")
	w.until(func() bool { return len(o.got) > 0 })
	wantTexts(t, "received", o.got, "a")
}
