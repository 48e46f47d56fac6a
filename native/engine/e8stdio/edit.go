package e8stdio

import (
	"embed"
	"fmt"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e8stdio",
	Why: "to a guest a standard stream is what it is (a terminal, a pipe) only where it is Go's *os.File, whose waiting nothing " +
		"but the kernel ends, and which a guest can move in, cut and read back where it is a file; any other reader or writer is a block " +
		"device that cannot be polled for writing nor told not to block, and has all rights",
	Retire: "WithStdin, WithStdout and WithStderr that take a sys.File, and streams that are streams",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/sys/stdio.go")
		for fn, args := range map[string][2]string{"stdinFileEntry": {"r", "`stdin`"}, "stdioWriterFileEntry": {"w", "name"}} {
			f.AtStart(fn, "if s, ok := "+args[0]+".(interface{ StandardStream() experimentalsys.File }); ok {\n"+
				"return &FileEntry{Name: "+args[1]+", IsPreopen: true, File: s.StandardStream()}, nil\n}")
		}
		f.AddField("noopStdinFile", "\nnonblock bool")
		t.File("imports/wasi_snapshot_preview1/fs.go").Before("fdFdstatGetFn", "writeFdstat(buf, fileType, fdflags, fsRightsBase, fsRightsInheriting)",
			"fsRightsBase = streamRights(f.File, fsRightsBase)")
		// Upstream's test pins the rights of a file for stdout and stderr.
		test := t.File("imports/wasi_snapshot_preview1/fs_test.go")
		for name, fd := range map[string]string{"Stdout": "1", "Stderr": "2"} {
			const head = "sys.Fd%s,\n\t\t\texpectedMemory: []byte{\n\t\t\t\t1, 0, // fs_filetype\n\t\t\t\t0, 0, 0, 0, 0, 0, // fs_flags\n\t\t\t\t"
			at := fmt.Sprintf(head, name)
			test.ReplaceText(at+"0xff, 0x1, 0xe0, 0x8", at+"0xd9, 0x0, 0x20, 0x8")
			const log = "fd_fdstat_get(fd=%s)\n<== (stat={filetype=BLOCK_DEVICE,fdflags=,fs_rights_base="
			at = fmt.Sprintf(log, fd)
			test.ReplaceText(at+"FD_DATASYNC|FD_READ|FD_SEEK|FDSTAT_SET_FLAGS|FD_SYNC|FD_TELL|FD_WRITE|FD_ADVISE|FD_ALLOCATE",
				at+"FD_DATASYNC|FDSTAT_SET_FLAGS|FD_SYNC|FD_WRITE|FD_ADVISE")
		}
	},
}
