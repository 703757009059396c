//go:build unix

package engine_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// socketPair makes two connected descriptors that the test closes.
func socketPair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		syscall.CloseOnExec(fd)
		t.Cleanup(func() { syscall.Close(fd) }) // EBADF for one that the test has closed
	}
	return fds[0], fds[1]
}

// readable makes a descriptor that stays readable.
func readable(t *testing.T) (fd int) {
	t.Helper()
	fd, peer := socketPair(t)
	send(t, peer, "x")
	return fd
}

func send(t *testing.T, fd int, text string) {
	t.Helper()
	if n, err := syscall.Write(fd, []byte(text)); err != nil || n != len(text) {
		t.Fatalf("write: %d, %v", n, err)
	}
}

// turns lets the loop run so many turns, calling each in the ready part of
// every one, and stops it.
func turns(t *testing.T, l *engine.Loop, n int, each func(turn int)) {
	t.Helper()
	var step func()
	turn := 0
	step = func() {
		turn++
		each(turn)
		if turn == n {
			l.Stop()
			return
		}
		l.CallSoon(step)
	}
	l.CallSoon(step)
	must(t, l.RunForever())
}

func nothing(int) {}

func TestReaderEveryTurn(t *testing.T) {
	prove(t, "FD-01", func(t *testing.T) {
		l := newLoop(t)
		fd := readable(t)
		var log []string
		must(t, l.AddReader(fd, func() { log = append(log, "read") }))
		turns(t, l, 3, func(int) { log = append(log, "turn") })
		if got, want := strings.Join(log, " "), "turn read turn read turn read"; got != want {
			t.Errorf("got %q, want %q: one call in each turn while the descriptor is readable", got, want)
		}
	})
	prove(t, "FD-02", testReplacedReader)
	prove(t, "FD-03", testIndependentSides)
}

// testReplacedReader replaces, in whichever of two readers comes first, the
// reader of the other, whose event is under way already.
func testReplacedReader(t *testing.T) {
	l := newLoop(t)
	fds := []int{readable(t), readable(t)}
	var log []string
	for i, fd := range fds {
		other := fds[1-i]
		must(t, l.AddReader(fd, func() {
			log = append(log, "old")
			must(t, l.AddReader(other, func() { log = append(log, "new") }))
			must(t, l.AddReader(fd, func() {}))
		}))
	}
	turns(t, l, 2, func(turn int) { log = append(log, strconv.Itoa(turn)) })
	if got, want := strings.Join(log, " "), "1 old 2 new"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func testIndependentSides(t *testing.T) {
	l := newLoop(t)
	fd := readable(t)
	var reads, writes int
	must(t, l.AddReader(fd, func() { reads++ }))
	must(t, l.AddWriter(fd, func() { writes++ }))
	turns(t, l, 2, nothing)
	if reads != 2 || writes != 2 {
		t.Errorf("both: %d reads, %d writes, want 2 and 2", reads, writes)
	}
	if !l.RemoveReader(fd) {
		t.Error("RemoveReader reports no reader")
	}
	turns(t, l, 2, nothing)
	if reads != 2 || writes != 4 {
		t.Errorf("without the reader: %d reads, %d writes, want 2 and 4", reads, writes)
	}
	must(t, l.AddReader(fd, func() { reads++ }))
	if !l.RemoveWriter(fd) {
		t.Error("RemoveWriter reports no writer")
	}
	turns(t, l, 2, nothing)
	if reads != 4 || writes != 4 {
		t.Errorf("without the writer: %d reads, %d writes, want 4 and 4", reads, writes)
	}
}

func TestRemoveWatchers(t *testing.T) {
	prove(t, "FD-04", func(t *testing.T) {
		l := newLoop(t)
		fd, _ := socketPair(t)
		for name, side := range map[string]struct {
			add    func(engine.FD, func()) error
			remove func(engine.FD) bool
		}{"reader": {l.AddReader, l.RemoveReader}, "writer": {l.AddWriter, l.RemoveWriter}} {
			before := side.remove(fd)
			must(t, side.add(fd, func() {}))
			if first, second := side.remove(fd), side.remove(fd); before || !first || second {
				t.Errorf("%s: removed before %t, once %t, twice %t; want false, true, false", name, before, first, second)
			}
			must(t, side.add(fd, func() {}))
		}
		must(t, l.Close())
		if l.RemoveReader(fd) || l.RemoveWriter(fd) {
			t.Error("a closed loop reports a watcher")
		}
	})
	prove(t, "FD-05", func(t *testing.T) {
		l := newLoop(t)
		fds := []int{readable(t), readable(t)}
		var calls int
		for i, fd := range fds {
			must(t, l.AddReader(fd, func() {
				calls++
				if calls == 1 && !l.RemoveReader(fds[1-i]) {
					t.Error("the other reader is not there")
				}
			}))
		}
		turns(t, l, 1, nothing)
		if calls != 1 {
			t.Errorf("%d calls, want 1: the first removes the second in the turn in which both are ready", calls)
		}
	})
	prove(t, "FD-11", testCloseAfterRemove)
}

// testCloseAfterRemove closes a descriptor right after its watcher was removed,
// in the watcher's own callback, and puts another in its place.
func testCloseAfterRemove(t *testing.T) {
	l := newLoop(t)
	fd, peer := socketPair(t)
	next, nextPeer := socketPair(t)
	send(t, peer, "x")
	var log []string
	must(t, l.AddReader(fd, func() {
		log = append(log, "first")
		if !l.RemoveReader(fd) {
			t.Error("no reader to remove")
		}
		must(t, syscall.Close(fd))
		if n := l.Stats().Descriptors; n > 1 {
			t.Errorf("%d descriptors are watched", n)
		}
		must(t, dup(next, fd))
		must(t, l.AddReader(fd, func() { log = append(log, "second") }))
	}))
	turns(t, l, 3, nothing)
	send(t, nextPeer, "x")
	turns(t, l, 1, nothing)
	if got := strings.Join(log, " "); got != "first second" {
		t.Errorf("got %q, want the first reader once and then the second", got)
	}
	if !l.RemoveReader(fd) {
		t.Error("the second reader is gone")
	}
	turns(t, l, 1, nothing)
	if n := l.Stats().Descriptors; n != 0 {
		t.Errorf("%d descriptors are left", n)
	}
}

func TestDescriptorArguments(t *testing.T) {
	prove(t, "FD-06", testFDOf)
	prove(t, "FD-07", testBadDescriptors)
	prove(t, "FD-10", func(t *testing.T) {
		l := newLoop(t)
		fd := readable(t)
		must(t, l.Close())
		for name, add := range map[string]func(engine.FD, func()) error{"AddReader": l.AddReader, "AddWriter": l.AddWriter} {
			if err := add(fd, func() {}); !errors.Is(err, engine.ErrLoopClosed) {
				t.Errorf("%s: %v, want ErrLoopClosed", name, err)
			}
		}
	})
}

func testFDOf(t *testing.T) {
	l := newLoop(t)
	r, w, err := os.Pipe()
	must(t, err)
	defer w.Close()
	fd, err := engine.FDOf(r)
	must(t, err)
	calls := 0
	must(t, l.AddReader(fd, func() { calls++ }))
	_, err = w.WriteString("x")
	must(t, err)
	turns(t, l, 1, nothing)
	if calls != 1 || !l.RemoveReader(fd) {
		t.Errorf("%d calls for a readable *os.File, want 1", calls)
	}
	if conn, err := r.SyscallConn(); err != nil {
		t.Error(err)
	} else if err := conn.Control(func(n uintptr) {
		if int(n) != fd {
			t.Errorf("FDOf gives %d, the file has %d", fd, n)
		}
	}); err != nil {
		t.Error(err)
	}
	must(t, r.Close())
	if fd, err := engine.FDOf(r); !errors.Is(err, os.ErrClosed) || fd != -1 {
		t.Errorf("closed file: %d, %v; want -1, os.ErrClosed", fd, err)
	}
	var arg *engine.ArgError
	if _, err := engine.FDOf(nil); !errors.As(err, &arg) || arg.Arg != "c" || !errors.Is(err, engine.ErrInvalidArgument) {
		t.Errorf("nil: %v, want an *ArgError for c", err)
	}
}

// testBadDescriptors also wants that nothing is watched afterwards.
func testBadDescriptors(t *testing.T) {
	l := newLoop(t)
	for name, add := range map[string]func(engine.FD, func()) error{"AddReader": l.AddReader, "AddWriter": l.AddWriter} {
		var arg *engine.ArgError
		for _, fd := range []int{-1, math.MinInt} {
			if err := add(fd, func() {}); !errors.As(err, &arg) || arg.Arg != "fd" {
				t.Errorf("%s(%d): %v, want an *ArgError for fd", name, fd, err)
			}
		}
		if big := uint64(1) << 32; uint64(math.MaxInt) > big {
			if err := add(int(big), func() {}); !errors.As(err, &arg) || arg.Arg != "fd" {
				t.Errorf("%s(1<<32): %v, want an *ArgError for fd", name, err)
			}
		}
		if err := add(unusedFD, func() {}); !errors.Is(err, syscall.EBADF) {
			t.Errorf("%s of a descriptor that is not open: %v, want EBADF", name, err)
		}
		if l.RemoveReader(unusedFD) || l.RemoveWriter(unusedFD) {
			t.Errorf("%s failed and left a watcher", name)
		}
	}
	testRegularFile(t, l)
	turns(t, l, 1, nothing)
	if n := l.Stats().Descriptors; n != 0 {
		t.Errorf("%d descriptors are watched", n)
	}
}

// unusedFD is beyond every limit of open descriptors.
const unusedFD = 1 << 30

// regularFile opens a file on a disk.
func regularFile(t *testing.T) int {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	t.Cleanup(func() { f.Close() })
	fd, err := engine.FDOf(f)
	must(t, err)
	return fd
}

func TestWatcherCallbacks(t *testing.T) {
	prove(t, "FD-14", func(t *testing.T) {
		l := newLoop(t)
		fd := readable(t)
		var reports []engine.ErrorContext
		l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { reports = append(reports, c) })
		calls := 0
		must(t, l.AddReader(fd, func() {
			calls++
			panic("broken reader")
		}))
		turns(t, l, 3, nothing)
		if calls != 3 || len(reports) != 3 {
			t.Fatalf("%d calls, %d reports, want 3 and 3: the watcher stays registered", calls, len(reports))
		}
		var p *engine.PanicError
		if c := reports[0]; !errors.As(c.Err, &p) || p.Value != "broken reader" || c.Handle == nil {
			t.Errorf("the report is %+v", c)
		}
		if !l.RemoveReader(fd) {
			t.Error("the reader is gone")
		}
	})
	prove(t, "FD-15", func(t *testing.T) {
		l := newLoop(t)
		fd := readable(t)
		var log []any
		note := func() { log = append(log, l.Context().Value(ctxKey("who"))) }
		ctx := context.WithValue(context.Background(), ctxKey("who"), "adder")
		l.CallSoonContext(ctx, func() {
			must(t, l.AddReader(fd, note))
			must(t, l.AddWriter(fd, note))
		})
		turns(t, l, 2, nothing)
		if !slices.Equal(log, []any{"adder", "adder"}) {
			t.Errorf("the reader and the writer ran in %v, want the context that added them", log)
		}
	})
}
