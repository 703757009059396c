package lint

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// The limits of sizes, in lines. A file longer than its limit has more than one
// idea in it. Tests are given more, because tables grow; data is not counted.
const (
	maxFile     = 400
	maxTestFile = 500
	maxP90      = 40 // of functions that are not tests
)

// FileSize wants files that can be read in one sitting.
func FileSize(f *File) []Finding {
	if f.AST == nil || inTestdata(f.Path) {
		return nil
	}
	limit := maxFile
	if f.IsTest() {
		limit = maxTestFile
	}
	if n := f.lines(); n > limit {
		return []Finding{{Path: f.Path, Text: fmt.Sprintf("has %d lines, the limit is %d", n, limit)}}
	}
	return nil
}

func (f *File) lines() int { return strings.Count(f.Text, "\n") }

// Spread is how sizes are distributed.
type Spread struct {
	N, P50, P90, Max int
	Largest          string
}

// String is one line with the name of the largest.
func (s Spread) String() string {
	return fmt.Sprintf("n=%d p50=%d p90=%d max=%d (%s)", s.N, s.P50, s.P90, s.Max, s.Largest)
}

// sized is a thing with a number of lines.
type sized struct {
	name  string
	lines int
}

func spread(list []sized) Spread {
	if len(list) == 0 {
		return Spread{}
	}
	slices.SortFunc(list, func(a, b sized) int { return a.lines - b.lines })
	rank := func(percent int) int { return list[(len(list)*percent+99)/100-1].lines }
	last := list[len(list)-1]
	return Spread{len(list), rank(50), rank(90), last.lines, last.name}
}

// FunctionSizes measures functions from the word func to the closing brace,
// those of tests or all others.
func FunctionSizes(files []*File, which func(*File) bool) Spread {
	var list []sized
	for _, f := range files {
		if f.AST == nil || inTestdata(f.Path) || !which(f) {
			continue
		}
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				n := f.Fset.Position(fn.End()).Line - f.Fset.Position(fn.Type.Func).Line + 1
				list = append(list, sized{f.Path + ": " + fn.Name.Name, n})
			}
		}
	}
	return spread(list)
}

// FileSizes measures Go files, those of tests or all others.
func FileSizes(files []*File, which func(*File) bool) Spread {
	var list []sized
	for _, f := range files {
		if f.AST != nil && !inTestdata(f.Path) && which(f) {
			list = append(list, sized{f.Path, f.lines()})
		}
	}
	return spread(list)
}
