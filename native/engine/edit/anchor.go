package edit

import (
	"bytes"
	"go/ast"
	"go/token"
	"strings"
)

// The helpers below find their place by a name or by the source of a statement or expression, in one function, and
// fail unless there is exactly one. Functions are named as in a stack trace: "alignedStackTop", "(*callEngine).init".
// Anchors are Go source; white space and comments do not count. An anchor for a statement with a body is what stands
// Before the body: "if err != nil", "case x == 1".

// fn finds a function of this file.
func (f *File) fn(name string) *ast.FuncDecl {
	var found []*ast.FuncDecl
	for _, d := range f.ast.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok && f.funcName(fd) == name {
			found = append(found, fd)
		}
	}
	if len(found) != 1 {
		Fail("%s: expected one function %s but found %d", f.path, name, len(found))
	}
	return found[0]
}

func (f *File) funcName(fd *ast.FuncDecl) string {
	if fd.Recv == nil {
		return fd.Name.Name
	}
	t := f.fset.Position
	typ := fd.Recv.List[0].Type
	recv := strings.TrimSpace(string(f.text[t(typ.Pos()).Offset:t(typ.End()).Offset]))
	if strings.HasPrefix(recv, "*") {
		recv = "(" + recv + ")"
	}
	return recv + "." + fd.Name.Name
}

// ReplaceBody gives a function a new body; the signature and the comment stay.
func (f *File) ReplaceBody(fn, body string) {
	b := f.fn(fn).Body
	f.splice(f.offset(b.Lbrace)+1, f.offset(b.Rbrace), "\n"+body+"\n")
}

// Rename gives a declaration another name, so that an added file can put its own in the old one's place and call it.
// Uses inside the same file that should follow are the caller's business (replaceExpr).
func (f *File) Rename(fn, newName string) {
	n := f.fn(fn).Name
	f.splice(f.offset(n.Pos()), f.offset(n.End()), newName)
}

// AtStart inserts statements at the beginning of a function.
func (f *File) AtStart(fn, stmts string) {
	f.splice(f.offset(f.fn(fn).Body.Lbrace)+1, f.offset(f.fn(fn).Body.Lbrace)+1, "\n"+stmts+"\n")
}

// Before inserts statements before the one that anchor names.
func (f *File) Before(fn, anchor, stmts string) {
	s := f.offset(f.stmt(fn, anchor).Pos())
	f.splice(s, s, stmts+"\n")
}

// After inserts statements after the one that anchor names.
func (f *File) After(fn, anchor, stmts string) {
	s := f.offset(f.stmt(fn, anchor).End())
	f.splice(s, s, "\n"+stmts+"\n")
}

// Replace puts other statements in the place of the one that anchor names (with its body, if it has one).
func (f *File) Replace(fn, anchor, stmts string) {
	s := f.stmt(fn, anchor)
	f.splice(f.offset(s.Pos()), f.offset(s.End()), stmts)
}

// Inside inserts statements at the beginning of the body of the statement (or case) that anchor names.
func (f *File) Inside(fn, anchor, stmts string) {
	var at token.Pos
	switch s := f.stmt(fn, anchor).(type) {
	case *ast.IfStmt:
		at = s.Body.Lbrace
	case *ast.ForStmt:
		at = s.Body.Lbrace
	case *ast.RangeStmt:
		at = s.Body.Lbrace
	case *ast.CaseClause:
		at = s.Colon
	default:
		Fail("%s: %s: the statement %q has no body", f.path, fn, anchor)
	}
	f.splice(f.offset(at)+1, f.offset(at)+1, "\n"+stmts+"\n")
}

// ReplaceExpr replaces the one expression with this source.
func (f *File) ReplaceExpr(fn, anchor, with string) {
	e := f.one(fn, anchor, func(n ast.Node) bool { _, ok := n.(ast.Expr); return ok })
	f.splice(f.offset(e.Pos()), f.offset(e.End()), with)
}

func (f *File) stmt(fn, anchor string) ast.Node {
	return f.one(fn, anchor, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.BlockStmt, *ast.EmptyStmt:
			return false
		case ast.Stmt, *ast.CaseClause, *ast.CommClause:
			return true
		}
		return false
	})
}

// one finds the node of a function (of the file, if fn is "") whose head is the anchor.
func (f *File) one(fn, anchor string, kind func(ast.Node) bool) ast.Node {
	var root ast.Node = f.ast
	if fn != "" {
		root = f.fn(fn).Body
	}
	want := normal(anchor)
	var found []ast.Node
	ast.Inspect(root, func(n ast.Node) bool {
		if n != nil && kind(n) && f.head(n) == want {
			found = append(found, n)
		}
		return true
	})
	if len(found) != 1 {
		Fail("%s: %s: expected one %q but found %d", f.path, fn, anchor, len(found))
	}
	return found[0]
}

// AddField adds a field at the end of a struct (the offsets of the fields before it stay), with a comment above it.
func (f *File) AddField(structName, field string) {
	var at []token.Pos
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if ts, ok := n.(*ast.TypeSpec); ok && ts.Name.Name == structName {
			if st, ok := ts.Type.(*ast.StructType); ok {
				at = append(at, st.Fields.Closing)
			}
		}
		return true
	})
	if len(at) != 1 {
		Fail("%s: expected one struct %s but found %d", f.path, structName, len(at))
	}
	f.splice(f.offset(at[0]), f.offset(at[0]), field+"\n")
}

// RemoveFields removes fields of a struct, each named by the first name of its line.
func (f *File) RemoveFields(structName string, fields ...string) {
	for _, name := range fields {
		var found []*ast.Field
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if ts, ok := n.(*ast.TypeSpec); ok && ts.Name.Name == structName {
				if st, ok := ts.Type.(*ast.StructType); ok {
					for _, field := range st.Fields.List {
						if len(field.Names) > 0 && field.Names[0].Name == name {
							found = append(found, field)
						}
					}
				}
			}
			return true
		})
		if len(found) != 1 {
			Fail("%s: expected one field %s of %s but found %d", f.path, name, structName, len(found))
		}
		f.splice(f.offset(found[0].Pos()), f.offset(found[0].End()), "")
	}
}

// AddImport adds an import that the file does not have yet.
func (f *File) AddImport(path string) {
	for _, i := range f.ast.Imports {
		if i.Path.Value == `"`+path+`"` {
			return // an earlier edit needed it too
		}
	}
	at := f.offset(f.ast.Name.End())
	f.splice(at, at, "\n\nimport \""+path+"\"\n")
}

// RemoveImports removes imports that the file needs no more.
func (f *File) RemoveImports(paths ...string) {
	for _, path := range paths {
		var found []*ast.ImportSpec
		for _, i := range f.ast.Imports {
			if i.Path.Value == `"`+path+`"` {
				found = append(found, i)
			}
		}
		if len(found) != 1 {
			Fail("%s: expected one import of %s but found %d", f.path, path, len(found))
		}
		f.splice(f.offset(found[0].Pos()), f.offset(found[0].End()), "")
	}
}

// ReplaceDecl replaces the declaration at top level whose source begins with anchor (comment excluded).
func (f *File) ReplaceDecl(anchor, with string) {
	var found []ast.Decl
	want := normal(anchor) + " "
	for _, d := range f.ast.Decls {
		if strings.HasPrefix(normal(string(f.text[f.offset(d.Pos()):f.offset(d.End())]))+" ", want) {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		Fail("%s: expected one declaration %q but found %d", f.path, anchor, len(found))
	}
	f.splice(f.offset(found[0].Pos()), f.offset(found[0].End()), with)
}

// ReplaceText is for what has no syntax tree (assembly): old must occur exactly once.
func (f *File) ReplaceText(old, with string) {
	if n := bytes.Count(f.text, []byte(old)); n != 1 {
		Fail("%s: expected one %q but found %d", f.path, old, n)
	}
	at := bytes.Index(f.text, []byte(old))
	f.splice(at, at+len(old), with)
}

// ConstBefore declares constants before the one called name, in its group.
func (f *File) ConstBefore(name, decls string) {
	var at []token.Pos
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == name {
			at = append(at, v.Names[0].Pos())
			if v.Doc != nil {
				at[len(at)-1] = v.Doc.Pos()
			}
		}
		return true
	})
	if len(at) != 1 {
		Fail("%s: expected one declaration of %s but found %d", f.path, name, len(at))
	}
	f.splice(f.offset(at[0]), f.offset(at[0]), decls+"\n")
}

// AddElement adds an element at the end of the composite literal that a variable is declared with.
func (f *File) AddElement(variable, element string) {
	var at []token.Pos
	for _, d := range f.ast.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if v.Names[0].Name == variable && len(v.Values) == 1 {
					if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
						at = append(at, lit.Rbrace)
					}
				}
			}
		}
	}
	if len(at) != 1 {
		Fail("%s: expected one literal %s but found %d", f.path, variable, len(at))
	}
	f.splice(f.offset(at[0]), f.offset(at[0]), element+",\n")
}

// ReplaceTexts is replaceText for what must occur n times.
func (f *File) ReplaceTexts(n int, old, with string) {
	if found := bytes.Count(f.text, []byte(old)); found != n {
		Fail("%s: expected %d of %q but found %d", f.path, n, old, found)
	}
	f.Set(bytes.ReplaceAll(f.text, []byte(old), []byte(with)))
}
