package lint

import (
	"strings"
	"testing"
)

func TestFileSize(t *testing.T) {
	lines := func(n int) string { return "package p\n" + strings.Repeat("\n", n-1) }
	testRule(t, FileSize, []ruleCase{
		{"at the limit", "a.go", lines(maxFile), 0},
		{"over", "a.go", lines(maxFile + 1), 1},
		{"test at the limit", "a_test.go", lines(maxTestFile), 0},
		{"test over", "a_test.go", lines(maxTestFile + 1), 1},
		{"testdata", "engine/testdata/a.go", lines(maxFile + 1), 0},
		{"text", "a.md", strings.Repeat("\n", 1000), 0},
	})
}

func TestFunctionSizes(t *testing.T) {
	text := "package p\n\n// one has a comment.\nfunc one() {}\n\nfunc three() {\n\t_ = 1\n}\n\nfunc declared()\n"
	files := []*File{snippet(t, "a.go", text), snippet(t, "a_test.go", text)}
	got := FunctionSizes(files, func(f *File) bool { return !f.IsTest() })
	if want := (Spread{2, 1, 3, 3, "a.go: three"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSpread(t *testing.T) {
	var list []sized
	for n := range 100 {
		list = append(list, sized{"", 100 - n})
	}
	if got := spread(list); got.P50 != 50 || got.P90 != 90 || got.Max != 100 {
		t.Errorf("of 1 to 100: %s", got)
	}
	if got := spread(nil); got != (Spread{}) {
		t.Errorf("of nothing: %s", got)
	}
}
