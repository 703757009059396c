// Command report runs the tests, counts which documented behaviours they prove,
// prints a table by group and writes docs/conformance.md. Run it at the root of
// the module: make conformance.
//
// It exits with 1 when a behaviour's own subtest failed, with 2 when the tests
// could not be built or run, and then writes nothing. What is missing is not a
// failure: it is what is left to do.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/shardloop/shardloop/internal/conform"
)

func main() {
	out := flag.String("o", "docs/conformance.md", "write the full list to this `file`")
	flag.Parse()
	failing, err := run(*out, flag.Args())
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	case failing > 0:
		os.Exit(1)
	}
}

// run returns how many behaviours fail.
func run(out string, packages []string) (failing int, err error) {
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	t, err := test(packages)
	if err != nil {
		return 0, err
	}
	r := judge(conform.Behaviours(), t)
	var doc bytes.Buffer
	writeDocument(&doc, r)
	if err := os.WriteFile(out, doc.Bytes(), 0o644); err != nil {
		return 0, err
	}
	for _, name := range t.failed() {
		fmt.Fprintln(os.Stderr, "conformance: failed:", name)
	}
	writeTable(os.Stdout, r)
	return r.total().failing, nil
}

// test runs go test over the packages. Tests that fail are part of the result;
// tests that cannot be built or started are an error.
func test(packages []string) (*tally, error) {
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-json"}, packages...)...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t, readErr := readEvents(pipe)
	if readErr != nil {
		_, _ = io.Copy(io.Discard, pipe) // let go test end; the error that counts is readErr
	}
	waitErr := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case readErr != nil:
		return nil, readErr
	case len(t.broken) > 0:
		return nil, fmt.Errorf("does not build: %v", t.broken)
	case waitErr != nil && !errors.As(waitErr, &exit):
		return nil, waitErr
	case t.packages == 0:
		return nil, errors.New("go test ran no package")
	}
	return t, nil
}
