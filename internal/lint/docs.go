package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// Docs wants a doc comment on every exported function, type, constant and
// variable, and on exported methods of exported types. In a group the comment
// of the group, or one at the end of the line, serves.
func Docs(f *File) []Finding {
	if f.AST == nil || f.IsTest() || inTestdata(f.Path) {
		return nil
	}
	var list []Finding
	for _, d := range f.AST.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
				list = append(list, undocumented(f, d.Name))
			}
		case *ast.GenDecl:
			list = append(list, undocumentedSpecs(f, d)...)
		}
	}
	return list
}

func undocumentedSpecs(f *File, d *ast.GenDecl) []Finding {
	var list []Finding
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if d.Doc == nil && s.Doc == nil && s.Name.IsExported() {
				list = append(list, undocumented(f, s.Name))
			}
		case *ast.ValueSpec:
			if d.Doc != nil || s.Doc != nil || s.Comment != nil {
				continue
			}
			if i := slices.IndexFunc(s.Names, (*ast.Ident).IsExported); i >= 0 {
				list = append(list, undocumented(f, s.Names[i]))
			}
		}
	}
	return list
}

func undocumented(f *File, name *ast.Ident) Finding {
	return f.at(name.Pos(), "exported %s has no doc comment", name.Name)
}

// exportedReceiver tells whether d is a function, or a method that go doc shows.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// PackageDocs wants one package comment a package, and one only: go doc glues
// several together.
func PackageDocs(files []*File) []Finding {
	docs := map[string][]string{}
	for _, f := range files {
		if f.AST == nil || f.IsTest() || inTestdata(f.Path) {
			continue
		}
		docs[f.Dir()] = append(docs[f.Dir()], []string{}...) // the package is there
		if f.AST.Doc != nil && f.AST.Doc.Text() != "" {
			docs[f.Dir()] = append(docs[f.Dir()], f.Path)
		}
	}
	var list []Finding
	for dir, with := range docs {
		if len(with) != 1 {
			list = append(list, Finding{Path: dir, Text: fmt.Sprintf("the package has %d package comments, want one: %v", len(with), with)})
		}
	}
	return list
}

const machineDescription = "bench/environment.go"

// RuntimeGOOS wants platforms told apart by files, not at run time. Tests may
// ask, and so may the file of bench that describes the machine of a measurement.
func RuntimeGOOS(f *File) []Finding {
	if f.AST == nil || f.IsTest() || f.Path == machineDescription {
		return nil
	}
	return uses(f, "runtime", "GOOS", func(token.Pos) bool { return true }, "asks for the system at run time")
}

// Sleeps wants no test to sleep. Only a function called TestTiming..., which
// thereby says that it measures time, may.
func Sleeps(f *File) []Finding {
	if f.AST == nil || !f.IsTest() {
		return nil
	}
	return uses(f, "time", "Sleep", func(p token.Pos) bool {
		return !strings.HasPrefix(enclosing(f.AST, p), "TestTiming")
	}, "sleeps in a test")
}

// uses finds pkg.name in the places that where picks.
func uses(f *File, pkg, name string, where func(token.Pos) bool, what string) []Finding {
	var list []Finding
	ast.Inspect(f.AST, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok || s.Sel.Name != name {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg && where(s.Pos()) {
			list = append(list, f.at(s.Pos(), "%s", what))
		}
		return true
	})
	return list
}

// enclosing is the name of the top-level function around p.
func enclosing(file *ast.File, p token.Pos) string {
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Pos() <= p && p < fn.End() {
			return fn.Name.Name
		}
	}
	return ""
}
