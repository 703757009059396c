package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/shardloop/shardloop/internal/conform"
)

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	ImportPath  string // of build events
	FailedBuild string
}

// testName names a test of one package.
type testName struct{ pkg, test string }

func (n testName) String() string { return n.pkg + "." + n.test }

// outcome is what became of one test. A test that ran several times (-count)
// has the worst of its outcomes.
//
//	started --pass--> passed --fail--> failed
//	   |  \---skip--> skipped --------/
//	   \--fail, or no end because the process died--> failed
type outcome struct {
	started, passed, failed, skipped bool
	claims                           []string // IDs that Proves logged
}

// bad tells whether the test failed or never came to an end.
func (o *outcome) bad() bool {
	return o.failed || o.started && !o.passed && !o.skipped
}

func (o *outcome) claimed(id string) bool { return slices.Contains(o.claims, id) }

// tally is what a run of go test showed.
type tally struct {
	tests    map[testName]*outcome
	packages int      // packages that came to an end
	broken   []string // packages that did not build
}

// readEvents reads go test -json to its end.
func readEvents(r io.Reader) (*tally, error) {
	t := &tally{tests: map[testName]*outcome{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20) // a line holds at most one line of a test's output
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("go test -json wrote %q: %w", lines.Text(), err)
		}
		t.add(e)
	}
	return t, lines.Err()
}

func (t *tally) add(e event) {
	if e.Test == "" {
		t.addPackage(e)
		return
	}
	name := testName{e.Package, e.Test}
	o := t.tests[name]
	if o == nil {
		o = &outcome{}
		t.tests[name] = o
	}
	switch e.Action {
	case "run":
		o.started = true
	case "pass":
		o.passed = true
	case "fail":
		o.failed = true
	case "skip":
		o.skipped = true
	case "output":
		if _, id, found := strings.Cut(e.Output, conform.Mark); found {
			o.claims = append(o.claims, strings.TrimSpace(id))
		}
	}
}

func (t *tally) addPackage(e event) {
	switch e.Action {
	case "pass", "fail", "skip":
		t.packages++
	}
	if e.FailedBuild != "" {
		t.broken = append(t.broken, e.Package)
	}
}

// failed lists the tests that failed, by name.
func (t *tally) failed() []string {
	var names []string
	for name, o := range t.tests {
		if o.bad() {
			names = append(names, name.String())
		}
	}
	slices.Sort(names)
	return names
}

// names lists the tests in a fixed order.
func (t *tally) names() []testName {
	return slices.SortedFunc(maps.Keys(t.tests), func(a, b testName) int {
		return strings.Compare(a.String(), b.String())
	})
}
