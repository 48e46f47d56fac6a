package edit

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// Failure is what a helper panics with when it does not find what an edit expects. See (*Tree).applyOne.
type Failure string

func Fail(msg string, args ...any) { panic(Failure(fmt.Sprintf(msg, args...))) }

// tree is the copy being edited; nothing reaches the disk before write.
type Tree struct {
	root  string
	files map[string]*File
}

// File is one Go file of the copy. The syntax tree finds the place of an edit; the change itself is a splice into the
// text at that place, after which the text is parsed again. So comments and directives stay where they are, and a
// later edit sees the outcome of an earlier one.
type File struct {
	path string
	text []byte
	fset *token.FileSet
	ast  *ast.File // nil for files that are not Go
}

// NewTree is the copy at root, unedited.
func NewTree(root string) *Tree { return &Tree{root: root, files: map[string]*File{}} }

// File opens an existing Go (or assembly) file of the copy.
func (t *Tree) File(path string) *File {
	if f := t.files[path]; f != nil {
		return f
	}
	text, err := os.ReadFile(filepath.Join(t.root, path))
	if err != nil {
		Fail("%v", err)
	}
	return t.put(path, text)
}

// Add adds a file that must not exist yet.
func (t *Tree) Add(path string, text []byte) {
	if _, err := os.Lstat(filepath.Join(t.root, path)); err == nil || t.files[path] != nil {
		Fail("%s: exists already", path)
	}
	t.put(path, text)
}

func (t *Tree) put(path string, text []byte) *File {
	f := &File{path: path}
	f.Set(text)
	t.files[path] = f
	return f
}

// Write writes all files to the disk.
func (t *Tree) Write() error {
	for path, f := range t.files {
		text := f.text
		if f.ast != nil {
			var err error
			if text, err = format.Source(text); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		full := filepath.Join(t.root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(full, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) Set(text []byte) {
	f.text = text
	if !strings.HasSuffix(f.path, ".go") {
		return
	}
	f.fset = token.NewFileSet()
	parsed, err := parser.ParseFile(f.fset, f.path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		Fail("%v", err)
	}
	f.ast = parsed
}

// Path is where it is in the copy.
func (f *File) Path() string { return f.path }

// Text is what it is by now.
func (f *File) Text() string { return string(f.text) }

func (f *File) offset(p token.Pos) int { return f.fset.Position(p).Offset }

// splice replaces text[from:to].
func (f *File) splice(from, to int, with string) {
	f.Set(bytes.Join([][]byte{f.text[:from], []byte(with), f.text[to:]}, nil))
}

// head is the source of a node up to its body, with all white space and comments normalised: what an anchor is
// compared with. A statement with a body (if, for, switch, case) is named by what stands before the body.
func (f *File) head(n ast.Node) string {
	end := n.End()
	switch s := n.(type) {
	case *ast.IfStmt:
		end = s.Body.Lbrace
	case *ast.ForStmt:
		end = s.Body.Lbrace
	case *ast.RangeStmt:
		end = s.Body.Lbrace
	case *ast.SwitchStmt:
		end = s.Body.Lbrace
	case *ast.TypeSwitchStmt:
		end = s.Body.Lbrace
	case *ast.SelectStmt:
		end = s.Body.Lbrace
	case *ast.CaseClause:
		end = s.Colon
	case *ast.CommClause:
		end = s.Colon
	}
	return normal(string(f.text[f.offset(n.Pos()):f.offset(end)]))
}

// normal is source text as its tokens separated by single spaces, without comments and automatic semicolons.
func normal(src string) string {
	var s scanner.Scanner
	fset := token.NewFileSet()
	s.Init(fset.AddFile("", fset.Base(), len(src)), []byte(src), func(token.Position, string) {}, 0)
	var out []string
	for {
		_, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return strings.Join(out, " ")
		case tok == token.SEMICOLON && lit == "\n":
		case lit != "":
			out = append(out, lit)
		default:
			out = append(out, tok.String())
		}
	}
}
