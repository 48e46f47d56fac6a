package main

import (
	"bytes"
	"go/ast"
	"go/token"
	"strings"
)

// The helpers below find their place by a name or by the source of a statement or expression, in one function, and
// fail unless there is exactly one. Functions are named as in a stack trace: "alignedStackTop", "(*callEngine).init".
// Anchors are Go source; white space and comments do not count. An anchor for a statement with a body is what stands
// before the body: "if err != nil", "case x == 1".

// fn finds a function of this file.
func (f *file) fn(name string) *ast.FuncDecl {
	var found []*ast.FuncDecl
	for _, d := range f.ast.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok && f.funcName(fd) == name {
			found = append(found, fd)
		}
	}
	if len(found) != 1 {
		fail("%s: expected one function %s but found %d", f.path, name, len(found))
	}
	return found[0]
}

func (f *file) funcName(fd *ast.FuncDecl) string {
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

// replaceBody gives a function a new body; the signature and the comment stay.
func (f *file) replaceBody(fn, body string) {
	b := f.fn(fn).Body
	f.splice(f.offset(b.Lbrace)+1, f.offset(b.Rbrace), "\n"+body+"\n")
}

// rename gives a declaration another name, so that an added file can put its own in the old one's place and call it.
// Uses inside the same file that should follow are the caller's business (replaceExpr).
func (f *file) rename(fn, newName string) {
	n := f.fn(fn).Name
	f.splice(f.offset(n.Pos()), f.offset(n.End()), newName)
}

// atStart inserts statements at the beginning of a function.
func (f *file) atStart(fn, stmts string) {
	f.splice(f.offset(f.fn(fn).Body.Lbrace)+1, f.offset(f.fn(fn).Body.Lbrace)+1, "\n"+stmts+"\n")
}

// before inserts statements before the one that anchor names.
func (f *file) before(fn, anchor, stmts string) {
	s := f.offset(f.stmt(fn, anchor).Pos())
	f.splice(s, s, stmts+"\n")
}

// after inserts statements after the one that anchor names.
func (f *file) after(fn, anchor, stmts string) {
	s := f.offset(f.stmt(fn, anchor).End())
	f.splice(s, s, "\n"+stmts+"\n")
}

// replace puts other statements in the place of the one that anchor names (with its body, if it has one).
func (f *file) replace(fn, anchor, stmts string) {
	s := f.stmt(fn, anchor)
	f.splice(f.offset(s.Pos()), f.offset(s.End()), stmts)
}

// inside inserts statements at the beginning of the body of the statement (or case) that anchor names.
func (f *file) inside(fn, anchor, stmts string) {
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
		fail("%s: %s: the statement %q has no body", f.path, fn, anchor)
	}
	f.splice(f.offset(at)+1, f.offset(at)+1, "\n"+stmts+"\n")
}

// replaceExpr replaces the one expression with this source.
func (f *file) replaceExpr(fn, anchor, with string) {
	e := f.one(fn, anchor, func(n ast.Node) bool { _, ok := n.(ast.Expr); return ok })
	f.splice(f.offset(e.Pos()), f.offset(e.End()), with)
}

func (f *file) stmt(fn, anchor string) ast.Node {
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
func (f *file) one(fn, anchor string, kind func(ast.Node) bool) ast.Node {
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
		fail("%s: %s: expected one %q but found %d", f.path, fn, anchor, len(found))
	}
	return found[0]
}

// addField adds a field at the end of a struct (the offsets of the fields before it stay), with a comment above it.
func (f *file) addField(structName, field string) {
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
		fail("%s: expected one struct %s but found %d", f.path, structName, len(at))
	}
	f.splice(f.offset(at[0]), f.offset(at[0]), field+"\n")
}

// removeFields removes fields of a struct, each named by the first name of its line.
func (f *file) removeFields(structName string, fields ...string) {
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
			fail("%s: expected one field %s of %s but found %d", f.path, name, structName, len(found))
		}
		f.splice(f.offset(found[0].Pos()), f.offset(found[0].End()), "")
	}
}

// addImport adds an import that the file does not have yet.
func (f *file) addImport(path string) {
	for _, i := range f.ast.Imports {
		if i.Path.Value == `"`+path+`"` {
			return // an earlier edit needed it too
		}
	}
	at := f.offset(f.ast.Name.End())
	f.splice(at, at, "\n\nimport \""+path+"\"\n")
}

// removeImports removes imports that the file needs no more.
func (f *file) removeImports(paths ...string) {
	for _, path := range paths {
		var found []*ast.ImportSpec
		for _, i := range f.ast.Imports {
			if i.Path.Value == `"`+path+`"` {
				found = append(found, i)
			}
		}
		if len(found) != 1 {
			fail("%s: expected one import of %s but found %d", f.path, path, len(found))
		}
		f.splice(f.offset(found[0].Pos()), f.offset(found[0].End()), "")
	}
}

// replaceDecl replaces the declaration at top level whose source begins with anchor (comment excluded).
func (f *file) replaceDecl(anchor, with string) {
	var found []ast.Decl
	want := normal(anchor) + " "
	for _, d := range f.ast.Decls {
		if strings.HasPrefix(normal(string(f.text[f.offset(d.Pos()):f.offset(d.End())]))+" ", want) {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		fail("%s: expected one declaration %q but found %d", f.path, anchor, len(found))
	}
	f.splice(f.offset(found[0].Pos()), f.offset(found[0].End()), with)
}

// replaceText is for what has no syntax tree (assembly): old must occur exactly once.
func (f *file) replaceText(old, with string) {
	if n := bytes.Count(f.text, []byte(old)); n != 1 {
		fail("%s: expected one %q but found %d", f.path, old, n)
	}
	at := bytes.Index(f.text, []byte(old))
	f.splice(at, at+len(old), with)
}
