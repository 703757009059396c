package lint

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// testKinds are names of test files that stand for a kind of test, or a concern,
// of the whole package instead of for a source file.
var testKinds = []string{
	"alloc", "bench", "conform", "conformance", "descriptors", "example", "export", "fuzz", "golden",
	"leak", "loss", "main", "memory", "model", "race", "scale", "script", "signal", "suite", "timing",
}

var runByGoTest = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)([^a-z]|$)`)

// TestNames wants x_test.go or x_..._test.go beside a source file x.go or
// x_<platform>.go, so that a test is found where its source is. A file may also
// be named for its package, or for a kind of test; one without any test in it
// helps the others and has a name of its own.
func TestNames(files []*File) []Finding {
	sources := map[string]bool{}
	for _, f := range files {
		if f.AST != nil && !f.IsTest() {
			for _, stem := range stems(strings.TrimSuffix(f.Path, ".go")) {
				sources[stem] = true
			}
			sources[f.Dir()+"/"+path.Base(f.Dir())] = true
		}
	}
	var list []Finding
	for _, f := range files {
		if f.AST == nil || !f.IsTest() || inTestdata(f.Path) || !f.hasTests() {
			continue
		}
		names := stems(strings.TrimSuffix(f.Path, "_test.go"))
		named := func(stem string) bool {
			return sources[stem] || slices.Contains(testKinds, path.Base(stem))
		}
		if !slices.ContainsFunc(names, named) {
			list = append(list, Finding{Path: f.Path, Text: "is named for no source file of its directory"})
		}
	}
	return list
}

// hasTests tells whether the file has functions that go test runs.
func (f *File) hasTests() bool {
	return slices.ContainsFunc(f.AST.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Recv == nil && runByGoTest.MatchString(fn.Name.Name)
	})
}

// stems lists dir/a_b_c, dir/a_b and dir/a for dir/a_b_c.
func stems(p string) []string {
	list := []string{p}
	for {
		i := strings.LastIndexByte(p, '_')
		if i <= strings.LastIndexByte(p, '/')+1 {
			return list
		}
		p = p[:i]
		list = append(list, p)
	}
}
