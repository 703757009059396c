// Package conform ties tests to the behaviours they prove.
//
// The contract of this project is the documented behaviour of asyncio's event
// loop, written as 637 rows with an ID each (behaviours.tsv). A subtest that
// proves one is named for it and says so first:
//
//	t.Run("SCHED-09", func(t *testing.T) {
//		conform.Proves(t, "SCHED-09")
//		...
//	})
//
// The name alone proves nothing, and neither does the call alone: the program in
// the directory report runs all tests and counts an ID when its own subtest
// passed and made the call. A skipped subtest counts as missing.
package conform

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// Mark begins the line that Proves logs; the ID follows.
const Mark = "conform: proves "

// perTest is how many IDs one test function may prove. A test of more is a list
// of claims, too coarse to tell which behaviour broke.
const perTest = 3

// ledger holds what each top-level test function of this process proves.
type ledger struct {
	mu    sync.Mutex
	tests map[string][]string
}

var proven = ledger{tests: map[string][]string{}}

// Proves records that the subtest t proves the behaviour id. It fails t when id
// is unknown or has no meaning in Go, when the name of t does not end in
// "/"+id, and when the test function it belongs to proves more than three. Any
// goroutine.
func Proves(t testing.TB, id string) {
	t.Helper()
	if complaint := proven.add(t.Name(), id); complaint != "" {
		t.Errorf("conform: %s %s", id, complaint)
		return
	}
	t.Log(Mark + id)
}

// add records id for the test called name and returns what is wrong with that.
func (l *ledger) add(name, id string) (complaint string) {
	b, known := Find(id)
	switch {
	case !known:
		return "is not in behaviours.tsv"
	case b.Class == NotApplicable:
		return "has no meaning in Go, so nothing can prove it"
	case !strings.HasSuffix(name, "/"+id):
		return "must be proven by a subtest of that name, not by " + name
	}
	top, _, _ := strings.Cut(name, "/")
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.tests[top], id) {
		return ""
	}
	if len(l.tests[top]) == perTest {
		return "is the fourth of " + top + ", which proves " + strings.Join(l.tests[top], ", ")
	}
	l.tests[top] = append(l.tests[top], id)
	return ""
}
