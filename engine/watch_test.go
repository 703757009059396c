package engine

import (
	"slices"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// TestWatch: reader and writer of one descriptor, replaced and removed.
func TestWatch(t *testing.T) {
	l, p := newSim(t, Config{})
	fd := p.Open()
	p.SetReady(fd, poller.Readable|poller.Writable)
	var got []string
	say := func(s string) func() { return func() { got = append(got, s) } }
	turn := func(want ...string) {
		t.Helper()
		got = nil
		if run(t, l, l.Stop); !slices.Equal(got, want) {
			t.Errorf("called %v, want %v", got, want)
		}
	}
	removed := func(got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("removed is %t, want %t", got, want)
		}
	}
	expect(t, "AddWriter", l.AddWriter(fd, say("w")), nil)
	turn("w")
	expect(t, "AddReader", l.AddReader(fd, say("r")), nil)
	turn("r", "w")
	expect(t, "AddReader", l.AddReader(fd, say("r2")), nil)
	turn("r2", "w")
	removed(l.RemoveWriter(fd), true)
	removed(l.RemoveWriter(fd), false)
	turn("r2")
	removed(l.RemoveReader(fd), true)
	removed(l.RemoveReader(fd), false)
	turn()
	if _, ok := p.Registered(fd); ok {
		t.Error("still registered")
	}
}

// TestWatchErrors: what is refused is not watched.
func TestWatchErrors(t *testing.T) {
	l, p := newSim(t, Config{})
	nop := func() {}
	file := p.OpenFile()
	for _, add := range []func(int, func()) error{l.AddReader, l.AddWriter} {
		badArgument(t, add(-1, nop), "fd")
		badArgument(t, add(-1, nil), "fd")
		expect(t, "closed descriptor", add(77, nop), syscall.EBADF)
		expect(t, "regular file", add(file, nop), syscall.EPERM)
	}
	for _, fd := range []int{-1, 77, file} {
		if l.RemoveReader(fd) || l.RemoveWriter(fd) {
			t.Errorf("descriptor %d was watched", fd)
		}
	}
	run(t, l, l.Stop)
	if n := l.Stats().Descriptors; n != 0 {
		t.Errorf("%d descriptors are watched", n)
	}
}
