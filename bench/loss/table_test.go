package loss

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func exampleTable() *Table {
	t := NewTable([]Library{{Name: "engine", Version: "commit 1"}, {Name: "far", Missing: "it is not here"}})
	t.Add(Result{Scenario: "close", Library: "engine", Verdict: good})
	t.Add(Result{Scenario: "close", Library: "far", Verdict: fault(Absent, "it is not here")})
	t.Add(Result{Scenario: "open", Library: "engine", Verdict: Verdict{Kind: Lost, Count: 1234, Why: "reset"}})
	return t
}

func TestTableText(t *testing.T) {
	const want = `scenario  engine            far
close     all               not here
open      lost 1,234 bytes  -

open, engine: lost 1,234 bytes: reset

engine commit 1, far it is not here
`
	var out strings.Builder
	if err := exampleTable().WriteText(&out); err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestTableMarkdown(t *testing.T) {
	const want = `engine commit 1, far it is not here.

| scenario | engine | far |
|---|---|---|
| close | all | not here |
| open | **lost 1,234 bytes** | - |

- open, engine: lost 1,234 bytes: reset
`
	var out strings.Builder
	if err := exampleTable().WriteMarkdown(&out); err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// The page describes the scenarios as they are, and has a line for each.
func TestDocument(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "perf", "loss.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := WriteScenarios(&out); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "\r\n", "\n")
	if !strings.Contains(text, out.String()) {
		t.Errorf("docs/perf/loss.md lacks this:\n%s", out.String())
	}
	for _, sc := range Scenarios() {
		if strings.Count(text, "\n| "+sc.Name+" |") != 2 {
			t.Errorf("docs/perf/loss.md has no result of %s", sc.Name)
		}
	}
}
