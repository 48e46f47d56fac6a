package e8stdio

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e8stdio",
	Why: "to a guest a standard stream is what it is (a terminal, a pipe, a file) only where it is Go's *os.File, whose waiting nothing " +
		"but the kernel ends; any other reader or writer is a block device that cannot be polled for writing nor told not to block",
	Retire: "WithStdin, WithStdout and WithStderr that take a sys.File",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/sys/stdio.go")
		for fn, args := range map[string][2]string{"stdinFileEntry": {"r", "`stdin`"}, "stdioWriterFileEntry": {"w", "name"}} {
			f.AtStart(fn, "if s, ok := "+args[0]+".(interface{ StandardStream() experimentalsys.File }); ok {\n"+
				"return &FileEntry{Name: "+args[1]+", IsPreopen: true, File: s.StandardStream()}, nil\n}")
		}
	},
}
