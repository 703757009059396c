package engine_test

import (
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

// TestWatchRegistration: the poller is asked for what is watched and no more,
// step by step.
func TestWatchRegistration(t *testing.T) {
	l, p := simLoop(t)
	fd := p.Open()
	p.SetReady(fd, poller.Readable|poller.Writable)
	var j journal
	removes := func(remove func(engine.FD) bool) func() {
		return func() {
			if !remove(fd) {
				t.Error("there was nothing to remove")
			}
		}
	}
	for _, step := range []struct {
		do   func()
		want poller.Interest
		runs []string
	}{
		{func() { must(t, l.AddWriter(fd, j.adds("w"))) }, poller.Out, []string{"w"}},
		{func() { must(t, l.AddReader(fd, j.adds("r"))) }, poller.In | poller.Out, []string{"r", "w"}},
		{func() { must(t, l.AddReader(fd, j.adds("r2"))) }, poller.In | poller.Out, []string{"r2", "w"}},
		{removes(l.RemoveWriter), poller.In, []string{"r2"}},
		{removes(l.RemoveReader), 0, nil},
	} {
		step.do()
		got, ok := p.Registered(fd)
		if got.Interest != step.want || ok != (step.want != 0) {
			t.Errorf("registered for %v, %t, want %v", got.Interest, ok, step.want)
		}
		turn(t, l)
		j.want(t, step.runs...)
	}
}

// TestWatchRefused: what is refused changes nothing about what is watched.
func TestWatchRefused(t *testing.T) {
	l, p := simLoop(t)
	fd, file := p.Open(), p.OpenFile()
	p.SetReady(fd, poller.Readable|poller.Writable)
	var j journal
	must(t, l.AddReader(fd, j.adds("r")))
	must(t, l.AddWriter(fd, j.adds("w")))
	for _, add := range []func(engine.FD, func()) error{l.AddReader, l.AddWriter} {
		wantBadArg(t, add(fd, nil), "fn")
		wantBadArg(t, add(-1, nil), "fd")
		wantErr(t, "closed descriptor", add(77, nop), syscall.EBADF)
		wantErr(t, "regular file", add(file, nop), syscall.EPERM)
	}
	turn(t, l)
	j.want(t, "r", "w")
	if n := l.Stats().Descriptors; n != 1 {
		t.Errorf("%d descriptors are watched, want 1", n)
	}
}

// TestWatchCancelledByHandler: an exception handler that cancels the reader's
// handle ends its calls.
func TestWatchCancelledByHandler(t *testing.T) {
	l, p := simLoop(t)
	fd := p.Open()
	p.SetReady(fd, poller.Readable)
	calls, reports := 0, 0
	must(t, l.AddReader(fd, func() {
		calls++
		panic("on purpose")
	}))
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) {
		reports++
		c.Handle.Cancel()
	})
	for range 3 {
		turn(t, l)
	}
	if calls > 1 || reports != calls {
		t.Errorf("%d calls, %d reports", calls, reports)
	}
}
