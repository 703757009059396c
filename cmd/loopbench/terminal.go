package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/shardloop/shardloop/bench"
	"golang.org/x/term"
)

// terminal is where the commands print: data to out, all else to errs.
type terminal struct {
	out   io.Writer
	errs  *os.File
	live  bench.Progress // nil unless errs is a terminal
	began bool           // the command line was understood
	held  bytes.Buffer   // tables that come behind the bars
	err   error          // the first failure to print
}

// progress is nil where nobody watches.
func (t *terminal) progress() bench.Progress {
	fd := int(t.errs.Fd())
	if !term.IsTerminal(fd) {
		return nil
	}
	t.live = &bench.Terminal{W: t.errs, Width: func() int {
		width, _, _ := term.GetSize(fd)
		return width
	}}
	return t.live
}

// clear makes room for a line on a terminal that shows progress.
func (t *terminal) clear() {
	if t.live != nil {
		t.live.Done()
	}
}

func (t *terminal) keep(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *terminal) note(text string) {
	t.clear()
	fmt.Fprintln(t.errs, "note:", text)
}

func (t *terminal) environment(e bench.Environment) {
	t.clear()
	_, err := fmt.Fprintf(t.out, "# %s\n\n", e)
	t.keep(err)
}

func (t *terminal) measurement(m *bench.Measurement) {
	t.clear()
	t.keep(bench.WriteMeasurement(t.out, m))
}

func (t *terminal) profile(p bench.Profile) {
	t.clear()
	t.keep(bench.WriteProfile(t.out, p))
}

func (t *terminal) barHeader(e bench.Environment) {
	t.environment(e)
	t.keep(bench.WriteBarHeader(t.out))
}

func (t *terminal) bar(b bench.BarResult) {
	t.clear()
	t.keep(bench.WriteBar(t.out, b))
}

// later holds a table back until the bars are through.
func (t *terminal) later(m *bench.Measurement) { t.keep(bench.WriteMeasurement(&t.held, m)) }

func (t *terminal) flush() {
	t.clear()
	fmt.Fprintln(t.out)
	_, err := t.held.WriteTo(t.out)
	t.keep(err)
}
