package lint

import "testing"

func TestDocs(t *testing.T) {
	testRule(t, Docs, []ruleCase{
		{"function", "a.go", "package p\nfunc F() {}\n", 1},
		{"with comment", "a.go", "package p\n// F does.\nfunc F() {}\n", 0},
		{"unexported", "a.go", "package p\nfunc f() {}\n", 0},
		{"method", "a.go", "package p\n// T is.\ntype T struct{}\nfunc (t *T) M() {}\n", 1},
		{"method of a generic type", "a.go", "package p\n// T is.\ntype T[K any] struct{}\nfunc (t *T[K]) M() {}\n", 1},
		{"method of an unexported type", "a.go", "package p\ntype t struct{}\nfunc (t) M() {}\n", 0},
		{"type", "a.go", "package p\ntype T int\n", 1},
		{"constants", "a.go", "package p\nconst (\n\tA = 1\n\tB = 2 // b\n\tc = 3\n)\n", 1},
		{"documented group", "a.go", "package p\n// Numbers.\nconst (\n\tA = 1\n)\n", 0},
		{"variable", "a.go", "package p\nvar a, B = 1, 2\n", 1},
		{"test", "a_test.go", "package p\nfunc F() {}\n", 0},
	})
}

func TestPackageDocs(t *testing.T) {
	files := []*File{
		snippet(t, "good/a.go", "// Package good is.\npackage good\n"),
		snippet(t, "good/b.go", "package good\n"),
		snippet(t, "good/a_test.go", "// Text.\npackage good\n"),
		snippet(t, "none/a.go", "//go:build linux\n\npackage none\n"),
		snippet(t, "two/a.go", "// Package two is.\npackage two\n"),
		snippet(t, "two/b.go", "// Package two is also.\npackage two\n"),
	}
	found := map[string]bool{}
	for _, f := range PackageDocs(files) {
		found[f.Path] = true
	}
	if len(found) != 2 || !found["none"] || !found["two"] {
		t.Errorf("findings for %v, want none and two", found)
	}
}

func TestRuntimeGOOS(t *testing.T) {
	const asks = "package p\nimport \"runtime\"\nvar x = runtime.GOOS == \"linux\"\n"
	testRule(t, RuntimeGOOS, []ruleCase{
		{"source", "engine/a.go", asks, 1},
		{"test", "engine/a_test.go", asks, 0},
		{"description of the machine", machineDescription, asks, 0},
		{"architecture", "engine/a.go", "package p\nimport \"runtime\"\nvar x = runtime.GOARCH\n", 0},
	})
}

func TestSleeps(t *testing.T) {
	sleep := func(function string) string {
		return "package p\nimport \"time\"\nfunc " + function + "() { func() { time.Sleep(1) }() }\n"
	}
	testRule(t, Sleeps, []ruleCase{
		{"test", "a_test.go", sleep("TestX"), 1},
		{"helper", "a_test.go", sleep("wait"), 1},
		{"timing test", "a_test.go", sleep("TestTimingX"), 0},
		{"source", "a.go", sleep("f"), 0},
	})
}
