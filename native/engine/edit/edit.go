// Package edit is what edits are made of: the copy of wazero as a Tree of Files, and the anchors that find their places in it.
package edit

import (
	"fmt"
	"io/fs"
	"strings"
)

// An Edit is one change to wazero. Files below the _add folder of its package are added to the copy under the path they have there
// (the underscore keeps the go command from compiling them here, where they have no wazero around them).
type Edit struct {
	ID     string        // e1, e2, ... as in RATIONALE.md
	Why    string        // what hurts a Node host without it
	Retire string        // the upstream change that would make it unnecessary
	Apply  func(t *Tree) // hooks in existing files; nil when added files are all there is
	Added  fs.FS         // _add; nil where nothing is added
}

// Wazevo is where the compiler is.
const Wazevo = "internal/engine/wazevo/"

// Make makes one edit. The helpers of Tree and File report by panicking with a failure, so that an edit reads as
// a list of what it does; this is where the failure gets the name of its edit.
func (t *Tree) Make(e Edit) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case Failure:
			err = fmt.Errorf("edit %s: %s", e.ID, string(r))
		default:
			panic(r)
		}
	}()
	if err := t.addFiles(e.Added); err != nil {
		return fmt.Errorf("edit %s: %w", e.ID, err)
	}
	if e.Apply != nil {
		e.Apply(t)
	}
	return nil
}

// addFiles adds what lies below _add.
func (t *Tree) addFiles(added fs.FS) error {
	if added == nil {
		return nil // this edit adds no files
	}
	return fs.WalkDir(added, "_add", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(added, path)
		if err == nil {
			t.Add(strings.TrimPrefix(path, "_add/"), text)
		}
		return err
	})
}
