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

	"wazeroengine/e0tests"
	"wazeroengine/e10chains"
	"wazeroengine/e10compile"
	"wazeroengine/e10const"
	"wazeroengine/e10copies"
	"wazeroengine/e10edges"
	"wazeroengine/e10exits"
	"wazeroengine/e10growth"
	"wazeroengine/e10jumps"
	"wazeroengine/e10lea"
	"wazeroengine/e10loops"
	"wazeroengine/e10sparse"
	"wazeroengine/e11fork"
	"wazeroengine/e12extern"
	"wazeroengine/e12fuel"
	"wazeroengine/e12guard"
	"wazeroengine/e12profile"
	"wazeroengine/e13waiting"
	"wazeroengine/e14host"
	"wazeroengine/e14validate"
	"wazeroengine/e15arguments"
	"wazeroengine/e15clean"
	"wazeroengine/e15heads"
	"wazeroengine/e15slots"
	"wazeroengine/e15spills"
	"wazeroengine/e15tables"
	"wazeroengine/e16frames"
	"wazeroengine/e16made"
	"wazeroengine/e16moves"
	"wazeroengine/e16splat"
	"wazeroengine/e16tails"
	"wazeroengine/e1syscall"
	"wazeroengine/e2interpreter"
	"wazeroengine/e2interrupt"
	"wazeroengine/e2wait"
	"wazeroengine/e3watcher"
	"wazeroengine/e4stack"
	"wazeroengine/e5direct"
	"wazeroengine/e6cache"
	"wazeroengine/e6ids"
	"wazeroengine/e6map"
	"wazeroengine/e7address"
	"wazeroengine/e7arms"
	"wazeroengine/e7capacity"
	"wazeroengine/e7closed"
	"wazeroengine/e7cmov"
	"wazeroengine/e7custom"
	"wazeroengine/e7errno"
	"wazeroengine/e7exn"
	"wazeroengine/e7flags"
	"wazeroengine/e7keys"
	"wazeroengine/e7lane"
	"wazeroengine/e7links"
	"wazeroengine/e7memory"
	"wazeroengine/e7ref"
	"wazeroengine/e7rem"
	"wazeroengine/e7select"
	"wazeroengine/e7slice"
	"wazeroengine/e7try"
	"wazeroengine/e7types"
	"wazeroengine/e7unwind"
	"wazeroengine/e7values"
	"wazeroengine/e7worker"
	"wazeroengine/e8bulk"
	"wazeroengine/e8compile"
	"wazeroengine/e8poll"
	"wazeroengine/e8stdio"
	"wazeroengine/e8table"
	"wazeroengine/e8trace"
	"wazeroengine/e8wasi"
	"wazeroengine/e9files"
	"wazeroengine/e9lookup"
	"wazeroengine/e9progress"
	"wazeroengine/e9snapshot"
	"wazeroengine/e9sockets"
	"wazeroengine/edit"
)

// edits is the edit set: a folder each, with its hooks, the files that it adds and their tests. Order matters, as an edit sees what the ones before it
// did: where it needs one, that is said. What each is for: go run . -list.
var edits = []edit.Edit{
	e0tests.Edit,
	e1syscall.Edit,
	e4stack.Edit,
	e2interrupt.Edit, // in the entry that e4 made
	e3watcher.Edit,
	e7closed.Edit,
	e7links.Edit,
	e7memory.Edit,
	e7rem.Edit,
	e7address.Edit,
	e7arms.Edit,
	e7cmov.Edit,
	e7flags.Edit,
	e7lane.Edit, // as e7cmov
	e7capacity.Edit,
	e7keys.Edit,
	e7select.Edit,
	e7try.Edit, // over the frames of e4
	e7worker.Edit,
	e2interpreter.Edit,
	e2wait.Edit,
	e7exn.Edit, // beside the roots of e4 and e7closed
	e7slice.Edit,
	e7types.Edit,
	e7custom.Edit,
	e8table.Edit,
	e8compile.Edit,
	e7errno.Edit,
	e7values.Edit,
	e12extern.Edit, // asks the exceptions of e7exn and the globals of e7values
	e8wasi.Edit,
	e8poll.Edit,
	e8stdio.Edit,
	e8trace.Edit,
	e9sockets.Edit,
	e8bulk.Edit,
	e9files.Edit, // in the place of the atPath that e8bulk bounded
	e9lookup.Edit,
	e9snapshot.Edit,
	e9progress.Edit,
	e7unwind.Edit,
	e6map.Edit,
	e6cache.Edit, // keeps the map of e6map
	e6ids.Edit,   // numbers what e7try enters
	e7ref.Edit,   // checks in what e7select added
	e5direct.Edit,
	e10exits.Edit,  // beside the polls of e2
	e10growth.Edit, // behind the function, with e10exits
	e10edges.Edit,
	e10copies.Edit,
	e10loops.Edit,
	e10sparse.Edit,
	e10chains.Edit,
	e10jumps.Edit, // behind what e10exits has at the end of a function
	e10lea.Edit,
	e10const.Edit,
	e10compile.Edit,
	e11fork.Edit,    // in the files that e7closed added
	e12fuel.Edit,    // beside the polls of e2 and the entries of e5; exits as in e10exits
	e12guard.Edit,   // behind what e10const has at the beginning of an access
	e13waiting.Edit, // in the image of e11fork, and where e5direct enters
	e12profile.Edit, // beside the polls of e2
	e14host.Edit,
	e14validate.Edit,
	e15slots.Edit,
	e15clean.Edit, // in the addresses of e7address
	e15arguments.Edit,
	e15spills.Edit,
	e15tables.Edit, // asks e15clean
	e15heads.Edit,  // in the blocks that e10jumps leaves
	e16tails.Edit,  // behind e10jumps
	e16frames.Edit, // the contexts are those of e13waiting
	e16moves.Edit,
	e16splat.Edit,
	e16made.Edit,
}

//go:embed all:*
var sources embed.FS

// editSetHash is what tells the code of one edit set from that of another: it hashes the sources of this program and
// every file it adds, and the ids of the edits chosen.
func editSetHash(chosen []edit.Edit) string {
	h := sha256.New()
	_ = fs.WalkDir(sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "/_add/") {
			return err
		}
		text, err := sources.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	for _, e := range chosen {
		fmt.Fprintln(h, e.ID)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// marker is the file that says a copy has been edited, and how.
const marker = "wazeroengine.txt"

// applyAll makes the edits in memory and writes them only if all succeeded.
func applyAll(root string, chosen []edit.Edit) (err error) {
	if old, err := os.ReadFile(filepath.Join(root, marker)); err == nil {
		return fmt.Errorf("%s was edited before (%s): make a fresh copy", root, strings.TrimSpace(string(old)))
	}
	if _, err := os.Stat(filepath.Join(root, "internal/engine/wazevo/call_engine.go")); err != nil {
		return fmt.Errorf("%s is no copy of wazero %s: %w", root, wazeroVersion, err)
	}
	hash := editSetHash(chosen)
	t := edit.NewTree(root)
	for _, e := range chosen {
		if err := t.Make(e); err != nil {
			return err
		}
	}
	if err := t.Make(versionEdit(hash)); err != nil {
		return err
	}
	var ids []string
	for _, e := range chosen {
		ids = append(ids, e.ID)
	}
	if err := t.Write(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, marker), []byte(hash+" "+strings.Join(ids, ",")+"\n"), 0o644)
}

// versionEdit makes the edit set part of wazero's version. The version names the directory of the file cache and
// stands at the head of each of its entries, so machine code made by one build is never run by another.
func versionEdit(hash string) edit.Edit {
	return edit.Edit{ID: "version", Apply: func(t *edit.Tree) {
		t.File("internal/version/version.go").ReplaceDecl("var version", fmt.Sprintf("var version = %q", wazeroVersion+"-node-"+hash))
	}}
}
