package engine_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// dup puts the description of fd behind the number to.
func dup(fd, to int) error { return syscall.Dup3(fd, to, syscall.O_CLOEXEC) }

func testRegularFile(t *testing.T, l *engine.Loop) {
	t.Helper()
	fd := regularFile(t)
	if err := l.AddReader(fd, func() {}); !errors.Is(err, syscall.EPERM) {
		t.Errorf("regular file: %v, want EPERM", err)
	}
}

func TestStaleAndHungUp(t *testing.T) {
	prove(t, "FD-12", testReusedDescriptor)
	prove(t, "FD-13", testHangUp)
}

// testReusedDescriptor closes a descriptor under its reader and writer and opens
// another file behind the same number.
func testReusedDescriptor(t *testing.T) {
	l := newLoop(t)
	fd, _ := socketPair(t)
	next := readable(t)
	var log []string
	must(t, l.AddReader(fd, func() { log = append(log, "stale reader") }))
	must(t, l.AddWriter(fd, func() { log = append(log, "stale writer") }))
	must(t, syscall.Close(fd))
	must(t, dup(next, fd))
	turns(t, l, 3, nothing)
	if len(log) > 0 {
		t.Errorf("%s fired for the new file", log)
	}
	must(t, l.AddReader(fd, func() { log = append(log, "reader") }))
	turns(t, l, 1, nothing)
	if got := strings.Join(log, " "); got != "reader" {
		t.Errorf("got %q, want the new reader alone", got)
	}
	if l.RemoveWriter(fd) {
		t.Error("the new file has a writer")
	}
}

// testHangUp: a hang-up is reported to the sides that are registered, reader
// first.
func testHangUp(t *testing.T) {
	for name, c := range map[string]struct{ reader, writer bool }{
		"reader writer": {true, true}, "reader": {true, false}, "writer": {false, true},
	} {
		l := newLoop(t)
		fd, peer := socketPair(t)
		fill(t, fd) // only the hang-up can make it writable
		var log []string
		if c.reader {
			must(t, l.AddReader(fd, func() { log = append(log, "reader") }))
		}
		if c.writer {
			must(t, l.AddWriter(fd, func() { log = append(log, "writer") }))
		}
		turns(t, l, 2, nothing)
		if len(log) > 0 {
			t.Errorf("%s: %s before the peer hung up", name, log)
		}
		must(t, syscall.Close(peer))
		turns(t, l, 1, nothing)
		if got := strings.Join(log, " "); got != name {
			t.Errorf("the peer hung up: got %q, want %q", got, name)
		}
	}
}

// fill writes until the buffer of a socket is full.
func fill(t *testing.T, fd int) {
	t.Helper()
	must(t, syscall.SetNonblock(fd, true))
	for buf := make([]byte, 1<<16); ; {
		if _, err := syscall.Write(fd, buf); err == syscall.EAGAIN {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
