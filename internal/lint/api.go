package lint

import (
	"go/ast"
	"strings"
)

// api is what a package exports, by name: Func, Type, Type.Method, Type.Field.
// Promoted members count. Functions have their parameters too, as Func(name).
type api struct {
	names  map[string]bool
	embeds map[string][]string // type -> types embedded in it
}

// newAPI reads the files of dir, those of all platforms.
func newAPI(files []*File, dir string) api {
	a := api{map[string]bool{}, map[string][]string{}}
	for _, f := range files {
		if f.AST == nil || f.IsTest() || f.Dir() != dir {
			continue
		}
		for _, d := range f.AST.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				a.addFunc(d)
			case *ast.GenDecl:
				a.addSpecs(d)
			}
		}
	}
	return a
}

func (a api) addFunc(d *ast.FuncDecl) {
	name := d.Name.Name
	if d.Recv != nil {
		name = typeName(d.Recv.List[0].Type) + "." + name
	}
	a.addSignature(name, d.Type)
}

func (a api) addSignature(name string, t *ast.FuncType) {
	a.names[name] = true
	for _, p := range t.Params.List {
		for _, n := range p.Names {
			a.names[name+"("+n.Name+")"] = true
		}
	}
}

func (a api) addSpecs(d *ast.GenDecl) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			a.addType(s)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				a.names[n.Name] = true
			}
		}
	}
}

func (a api) addType(s *ast.TypeSpec) {
	a.names[s.Name.Name] = true
	var members *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		members = t.Fields
	case *ast.InterfaceType:
		members = t.Methods
	default:
		return
	}
	for _, m := range members.List {
		if len(m.Names) == 0 {
			a.embeds[s.Name.Name] = append(a.embeds[s.Name.Name], typeName(m.Type))
		}
		for _, n := range m.Names {
			name := s.Name.Name + "." + n.Name
			a.names[name] = true
			if t, ok := m.Type.(*ast.FuncType); ok {
				a.addSignature(name, t)
			}
		}
	}
}

// typeName is the name of a type without pointer, package and type arguments.
func typeName(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.SelectorExpr:
			return x.Sel.Name
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// has tells whether the package exports name.
func (a api) has(name string) bool {
	first, member, isMember := strings.Cut(name, ".")
	plain, _, _ := strings.Cut(first, "(")
	if !ast.IsExported(plain) || isMember && !ast.IsExported(member) {
		return false
	}
	return a.find(first, member)
}

// find looks in the type called first and in what is embedded there.
func (a api) find(first, member string) bool {
	if member == "" {
		return a.names[first]
	}
	if a.names[first+"."+member] {
		return true
	}
	for _, e := range a.embeds[first] {
		if e != first && a.find(e, member) {
			return true
		}
	}
	return false
}
