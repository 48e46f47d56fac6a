package e9files

import (
	"embed"
	"strings"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e9files",
	Why: "wazero cleans the paths of guests as text, so that `link/..` is another file than anywhere else and `missing/..` is one at all; an open " +
		"directory is its path, and another directory once that has its name; rename and link from one mount to another are ENOSYS, which nobody " +
		"takes for a reason to copy; a directory cannot be read again from an earlier entry on; new files and directories are their owner's only, " +
		"whatever the umask; fd_allocate succeeds on directories and on what is open to read; and symlink of nothing is EINVAL",
	Retire: "an upstream that leaves paths to its file systems (wazero#2249, #2323), opens relative to open directories, and has those errnos",
	Apply: func(t *edit.Tree) {
		const wasi = "imports/wasi_snapshot_preview1/"
		f := t.File(wasi + "fs.go")
		f.Rename("atPath", "atCleanPath")
		f.Replace("pathRenameFn", "if oldFS != newFS", "if errno, ok := renameOrLink(false, oldFS, oldPathName, newFS, newPathName); ok {\nreturn errno\n}")
		f.Replace("pathLinkFn", "if oldFS != newFS", "if errno, ok := renameOrLink(true, oldFS, oldName, newFS, newName); ok {\nreturn errno\n}")
		f.ReplaceExpr("pathOpenFn", "0o600", "0o666")
		f.ReplaceExpr("pathCreateDirectoryFn", "0o700", "0o777")
		f.Replace("pathSymlinkFn", "if oldPathLen == 0 || newPathLen == 0", "if oldPathLen == 0 || newPathLen == 0 {\nreturn experimentalsys.ENOENT\n}")
		f.Replace("pathSymlinkFn", "_, newPathName, errno := atPath(fsc, mod.Memory(), fd, newPath, newPathLen)", "newFS, newPathName, errno := atPath(fsc, mod.Memory(), fd, newPath, newPathLen)")
		f.ReplaceExpr("pathSymlinkFn", "dir.FS.Symlink", "newFS.Symlink")
		f.Before("fdAllocateFn", "tail := int64(offset + length)", "if errno := mayAllocate(f.File, length); errno != 0 {\nreturn errno\n}")

		f = t.File("internal/sys/fs.go")
		f.AddField("DirentCache", "\n// furthest is the largest countRead there was: the position of an entry stays good when the directory is read again.\nfurthest uint64")
		const read = "(*DirentCache).Read"
		f.ReplaceExpr(read, "pos > d.countRead", "pos > d.furthest")
		f.AtStart(read, "d.furthest = max(d.furthest, d.countRead)")
		f.Before(read, "if d.dirents == nil", "if pos != 0 && (pos > d.countRead || pos < d.countRead-uint64(len(d.dirents))) {\nif errno = d.seek(pos); errno != 0 {\nreturn\n}\n}")
		filesTests(t)
	},
}

// filesTests changes upstream's tests that pin what the edit changes.
func filesTests(t *edit.Tree) {
	f := t.File("imports/wasi_snapshot_preview1/fs_test.go")
	// Nothing can be allocated without a length.
	const row, line = "\t\t\t{offset: %, length: 0},\n", "==> wasi_snapshot_preview1.fd_allocate(fd=4,offset=%,len=0)\n<== errno=ESUCCESS\n"
	for _, offset := range []string{"4", "10"} {
		f.ReplaceText(strings.Replace(row, "%", offset, 1), "")
		f.ReplaceText(strings.Replace(line, "%", offset, 1), "")
	}
	// A name that is empty is no name.
	for _, rest := range []string{"fd: fd", "oldPathLen: 100, fd: fd", "newPathLen: 100, fd: fd"} {
		f.ReplaceText("{errno: wasip1.ErrnoInval, "+rest+"}", "{errno: wasip1.ErrnoNoent, "+rest+"}")
	}
}
