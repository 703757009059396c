// Package lint holds the rules of the house as tests.
//
// A rule is a function from a file of the tree to its findings, so that its own
// test can show it a bad snippet. TestTree applies all of them to the module and
// TestSizes measures it. What a rule forbids and what it lets pass is said on the
// rule; the tables that rules need (who may import whom, which raw system calls
// there are) stand at the top of their files and are meant to be edited with
// reason.
package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strings"
)

// module is the path of the module whose tree is checked.
const module = "github.com/shardloop/shardloop"

// File is one file of the tree.
type File struct {
	Path string // slash-separated, from the module's root
	Text string
	Fset *token.FileSet
	AST  *ast.File // nil but for Go files
}

// NewFile parses text when the path ends in .go.
func NewFile(name, text string) (*File, error) {
	f := &File{Path: name, Text: text, Fset: token.NewFileSet()}
	if !strings.HasSuffix(name, ".go") {
		return f, nil
	}
	var err error
	f.AST, err = parser.ParseFile(f.Fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return f, err
}

// Dir is the directory of the file, from the module's root; "." is the root.
func (f *File) Dir() string { return path.Dir(f.Path) }

// IsTest tells whether the file is compiled into tests only.
func (f *File) IsTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Finding is a place where a rule is broken.
type Finding struct {
	Path string
	Line int // 0: the file as a whole
	Text string
}

// String puts the place before the text, as compilers do.
func (f Finding) String() string {
	if f.Line == 0 {
		return f.Path + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text)
}

// at makes a finding at a node's place.
func (f *File) at(p token.Pos, format string, args ...any) Finding {
	return Finding{f.Path, f.Fset.Position(p).Line, fmt.Sprintf(format, args...)}
}

// Rule looks at one file. Files without AST are text, scripts or data.
type Rule func(*File) []Finding

// Rules are all rules that look at files one by one, by name.
var Rules = map[string]Rule{
	"imports":    Imports,
	"rawsyscall": RawSyscalls,
	"format":     Format,
	"words":      Words,
	"paths":      AbsolutePaths,
	"docs":       Docs,
	"goos":       RuntimeGOOS,
	"sleep":      Sleeps,
	"filesize":   FileSize,
}
