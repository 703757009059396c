package lint

import (
	"strings"
	"testing"

	"github.com/shardloop/shardloop/internal/conform"
)

// TestAsyncio holds docs/asyncio.md against the list of documented names.
func TestAsyncio(t *testing.T) {
	report(t, Asyncio(tree(t), read(t, asyncioDoc), documented(t), meaning))
}

// documented is the list: a number and a name a line, below a heading.
func documented(t *testing.T) []string {
	t.Helper()
	list := strings.Split(strings.TrimSpace(read(t, "internal/lint/testdata/asyncio.tsv")), "\n")[1:]
	if len(list) != 276 {
		t.Fatalf("the list has %d rows, want 276", len(list))
	}
	return list
}

func meaning(id string) (meaning, known bool) {
	b, known := conform.Find(id)
	return known && b.Class != conform.NotApplicable, known
}

func TestAsyncioFinds(t *testing.T) {
	files := []*File{
		snippet(t, "engine/a.go", "package engine\n\ntype base struct{}\n\nfunc (b *base) Do(x int) {}\n\ntype Loop struct{ base }\n\nfunc hidden() {}\n"),
		snippet(t, "engine/a_test.go", "package engine\n\nfunc f() { prove(t, \"OBT-01\", nil) }\n"),
	}
	for row, want := range map[string]string{
		"| 1 | `a` | `Loop.Do` | OBT-01 | |":           "",
		"| 1 | `a` | `Loop.Do(x)` | OBT-01 | `Loop` |": "",
		"| 1 | `a` | later | later | |":                "",
		"| 1 | `a` | no meaning in Go | SIG-05 | |":    "",
		"| 1 | `a` | no meaning in Go | SIG-01 | |":    "has a meaning",
		"| 1 | `a` | `Loop.Do(y)` | OBT-01 | |":        "has no Loop.Do(y)",
		"| 1 | `a` | `Loop.Be` | OBT-01 | |":           "has no Loop.Be",
		"| 1 | `a` | `hidden` | OBT-01 | |":            "has no hidden",
		"| 1 | `a` | `Loop` | OBT-02 | |":              "no test proves",
		"| 1 | `a` | `Loop` | OBT-99 | |":              "no behaviour",
		"| 1 | `a` | Loop | OBT-01 | |":                "has no symbol",
		"| 1 | `a` | `Loop` | later | |":               "no behaviour",
		"| 2 | `a` | `Loop` | OBT-01 | |":              "where",
		"":                                             "missing",
	} {
		found := Asyncio(files, "# Title\n\n"+row+"\n", []string{"1\ta"}, meaning)
		switch {
		case want == "" && len(found) > 0:
			t.Errorf("%s: %v, want nothing", row, found)
		case want != "" && (len(found) != 1 || !strings.Contains(found[0].Text, want)):
			t.Errorf("%s: %v, want one finding with %q", row, found, want)
		}
	}
}
