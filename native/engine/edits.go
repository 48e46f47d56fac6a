package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// An edit is one change to wazero. Files below _add/<id>/ are added to the copy under the path they have there
// (the underscore keeps the go command from compiling them here, where they have no wazero around them).
type edit struct {
	id     string        // e1, e2, ... as in RATIONALE.md
	why    string        // what hurts a Node host without it
	retire string        // the upstream change that would make it unnecessary
	apply  func(t *tree) // hooks in existing files; nil when added files are all there is
}

// edits is the edit set. Order matters: an edit sees what the ones before it did.
var edits = []edit{
	syscallEdit,
	stackEdit,
	interruptEdit,
	watcherEdit,
	closedEdit,
	linksEdit,
	memoryEdit,
	remEdit,
	addressEdit,
	cmovEdit,
	selectEdit,
	tryEdit,
	workerEdit,
	interpreterPollEdit,
	waitEdit,
	exceptionEdit,
	sliceEdit,
	typesEdit,
	customEdit,
	tableEdit,
	compileEdit,
	errnoEdit,
	valuesEdit,
	wasiEdit,
	pollReadyEdit,
	stdioEdit,
	socketEdit,
	bulkEdit,
	lookupEdit,
	snapshotEdit,
	progressEdit,
	unwindEdit,
	cacheEdit,
	tryIDsEdit,
	refEdit,
	directEdit,
}

//go:embed *.go _add
var sources embed.FS

// editSetHash is what tells the code of one edit set from that of another: it hashes the sources of this program and
// every file it adds, and the ids of the edits chosen.
func editSetHash(chosen []edit) string {
	h := sha256.New()
	_ = fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "_add/") {
			return err
		}
		text, err := sources.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	for _, e := range chosen {
		fmt.Fprintln(h, e.id)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// marker is the file that says a copy has been edited, and how.
const marker = "wazeroengine.txt"

// applyAll makes the edits in memory and writes them only if all succeeded.
func applyAll(root string, chosen []edit) (err error) {
	if old, err := os.ReadFile(filepath.Join(root, marker)); err == nil {
		return fmt.Errorf("%s was edited before (%s): make a fresh copy", root, strings.TrimSpace(string(old)))
	}
	if _, err := os.Stat(filepath.Join(root, "internal/engine/wazevo/call_engine.go")); err != nil {
		return fmt.Errorf("%s is no copy of wazero %s: %w", root, wazeroVersion, err)
	}
	hash := editSetHash(chosen)
	t := &tree{root: root, files: map[string]*file{}}
	for _, e := range chosen {
		if err := t.applyOne(e); err != nil {
			return err
		}
	}
	if err := t.applyOne(versionEdit(hash)); err != nil {
		return err
	}
	var ids []string
	for _, e := range chosen {
		ids = append(ids, e.id)
	}
	if err := t.write(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, marker), []byte(hash+" "+strings.Join(ids, ",")+"\n"), 0o644)
}

// applyOne makes one edit. The helpers of tree and file report by panicking with a failure, so that an edit reads as
// a list of what it does; this is where the failure gets the name of its edit.
func (t *tree) applyOne(e edit) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			err = fmt.Errorf("edit %s: %s", e.id, string(r))
		default:
			panic(r)
		}
	}()
	if err := t.addFiles(e.id); err != nil {
		return fmt.Errorf("edit %s: %w", e.id, err)
	}
	if e.apply != nil {
		e.apply(t)
	}
	return nil
}

// addFiles adds what lies below _add/<id>.
func (t *tree) addFiles(id string) error {
	base := "_add/" + id
	if _, err := fs.Stat(sources, base); err != nil {
		return nil // this edit adds no files
	}
	return fs.WalkDir(sources, base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := sources.ReadFile(path)
		if err == nil {
			t.add(strings.TrimPrefix(path, base+"/"), text)
		}
		return err
	})
}

// versionEdit makes the edit set part of wazero's version. The version names the directory of the file cache and
// stands at the head of each of its entries, so machine code made by one build is never run by another.
func versionEdit(hash string) edit {
	return edit{id: "version", apply: func(t *tree) {
		t.file("internal/version/version.go").replaceDecl("var version", fmt.Sprintf("var version = %q", wazeroVersion+"-node-"+hash))
	}}
}
