//go:build unix

package engine_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// output runs an example and returns the lines that it prints.
func output(t *testing.T, example func()) []string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	must(t, err)
	defer f.Close()
	before := os.Stdout
	os.Stdout = f
	defer func() { os.Stdout = before }()
	example()
	_, err = f.Seek(0, io.SeekStart)
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, err)
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

// wantOutput runs an example of the documentation.
func wantOutput(t *testing.T, example func(), want ...string) {
	t.Helper()
	if got := output(t, example); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestExamplesOfCallbacks(t *testing.T) {
	prove(t, "EXAM-01", func(t *testing.T) { wantOutput(t, ExampleLoop_CallSoon, "Hello World") })
	prove(t, "EXAM-02", func(t *testing.T) {
		if lines := output(t, ExampleLoop_CallAt); len(lines) != 5 {
			t.Errorf("printed %d lines, want 5: %q", len(lines), lines)
		}
		testCurrentDate(t)
	})
	prove(t, "EXAM-10", func(t *testing.T) { wantOutput(t, ExampleLoop_CallSoon_closure, "Hello true") })
}

// testCurrentDate is the program of the documentation to the letter, with its
// five seconds, on a simulated clock.
func testCurrentDate(t *testing.T) {
	l, _ := simLoop(t)
	var lines []string
	end := l.Time() + 5*time.Second
	var show func()
	show = func() {
		lines = append(lines, fmt.Sprint(l.Time()))
		if l.Time()+time.Second < end {
			l.CallLater(time.Second, show)
			return
		}
		l.Stop()
	}
	l.CallSoon(show)
	run(t, l)
	if n := len(lines); n != 5 && n != 6 {
		t.Errorf("printed %d lines, want 5 or 6: %q", n, lines)
	}
}

func TestExamplesOfTheSystem(t *testing.T) {
	prove(t, "EXAM-03", func(t *testing.T) {
		wantOutput(t, ExampleLoop_AddReader, "Received: abc", "Removed: true")
	})
	prove(t, "EXAM-04", func(t *testing.T) {
		wantOutput(t, ExampleLoop_AddSignalHandler, "got signal interrupt: exit", "got signal terminated: exit")
	})
}

func TestExamplesOfReplacements(t *testing.T) {
	prove(t, "EXAM-05", func(t *testing.T) {
		wantOutput(t, ExampleRunInExecutor, "default pool: 100 <nil>", "custom pool: 332833500 <nil>")
	})
	prove(t, "EXAM-09", func(t *testing.T) {
		wantOutput(t, ExampleSetPolicy, "a loop on poll(2)", "the loop runs: true <nil>")
	})
}

func TestExamplesOfTasks(t *testing.T) {
	prove(t, "EXAM-06", func(t *testing.T) {
		wantOutput(t, ExampleLoop_ShutdownAsyncGens, "tick <nil>", "the generator is closed: true")
	})
}
