package lint

import (
	"os"
	"testing"
)

// root is the module's root, from this directory.
const root = "../.."

// tree loads the module.
func tree(t *testing.T) []*File {
	t.Helper()
	files, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func report(t *testing.T, list []Finding) {
	t.Helper()
	for _, f := range list {
		t.Error(f)
	}
}

// TestTree applies every rule to the module.
func TestTree(t *testing.T) {
	files := tree(t)
	for name, rule := range Rules {
		t.Run(name, func(t *testing.T) {
			for _, f := range files {
				report(t, rule(f))
			}
		})
	}
	t.Run("names", func(t *testing.T) { report(t, TestNames(files)) })
	t.Run("packagedocs", func(t *testing.T) { report(t, PackageDocs(files)) })
	t.Run("allowtable", func(t *testing.T) { report(t, StaleRawCalls(files)) })
	t.Run("dependencies", func(t *testing.T) {
		report(t, Undocumented(read(t, "go.mod"), read(t, "docs/dependencies.md")))
	})
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSizes prints the sizes of the module (-v) and limits those of functions.
func TestSizes(t *testing.T) {
	files := tree(t)
	source := func(f *File) bool { return !f.IsTest() }
	functions := FunctionSizes(files, source)
	t.Log("functions:     ", functions)
	t.Log("test functions:", FunctionSizes(files, (*File).IsTest))
	t.Log("files:         ", FileSizes(files, source))
	t.Log("test files:    ", FileSizes(files, (*File).IsTest))
	if functions.P90 > maxP90 {
		t.Errorf("a tenth of the functions is longer than %d lines: %s", maxP90, functions)
	}
}

// snippet makes a file out of text.
func snippet(t *testing.T, path, text string) *File {
	t.Helper()
	f, err := NewFile(path, text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ruleCase is a file and how many findings a rule has in it.
type ruleCase struct {
	name, path, text string
	want             int
}

func testRule(t *testing.T, rule Rule, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := rule(snippet(t, c.path, c.text)); len(got) != c.want {
				t.Errorf("%d findings, want %d: %v", len(got), c.want, got)
			}
		})
	}
}
