package main

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns the two ends of a pseudo terminal of 60 columns.
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminals here:", err)
	}
	fd := int(user.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(n)), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return user, program
}

// On a terminal there is progress, on one line that is never longer than the
// terminal is wide and is gone at the end; results stay apart from it.
func TestProgressOnTerminal(t *testing.T) {
	user, program := openTerminal(t)
	cmd := loopbench(t, "run", "--quick", "--filter", quickest)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	seen, _ := io.ReadAll(user) // ends with EIO when the program has closed its end
	user.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %q", err, seen)
	}
	const erase = "\r\x1b[K"
	shown := 0
	for part := range strings.SplitSeq(string(seen), erase) {
		if strings.HasPrefix(part, "[1/1] callbacks/batch-1000  round ") {
			shown++
		}
		if len(part) >= 60 && !strings.HasPrefix(part, "note: ") {
			t.Errorf("%d columns of 60: %q", len(part), part)
		}
	}
	if shown < 6 { // two sides at least, three rounds
		t.Errorf("progress was shown %d times: %q", shown, seen)
	}
	if !bytes.HasSuffix(seen, []byte(erase)) {
		t.Errorf("the line is not clear at the end: %q", seen[max(0, len(seen)-80):])
	}
	if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "engine") {
		t.Errorf("standard output: %q", out.String())
	}
}

// An interrupt from the keyboard keeps what was measured.
func TestInterrupt(t *testing.T) {
	cmd := loopbench(t, "run", "--quick", "--filter", "^idle/empty$|"+quickest)
	var out, errs bytes.Buffer
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	part := make([]byte, 4096)
	for !strings.Contains(out.String(), "engine") { // the first table is there
		n, err := read.Read(part)
		out.Write(part[:n])
		if err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = out.ReadFrom(read)
	read.Close()
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("exit code %d, want 130: %s", cmd.ProcessState.ExitCode(), errs.String())
	}
	if !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("standard error does not say so: %q", errs.String())
	}
}
