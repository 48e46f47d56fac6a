package e7errno

import "wazeroengine/edit"

// Edit is this edit.
var Edit = edit.Edit{
	ID:     "e7errno",
	Why:    "wazero's error numbers have none for a full disk, a broken pipe or too many open files: a guest gets EIO for all of them",
	Retire: "an upstream experimental/sys that has ENOSPC, EPIPE and EMFILE",
	Apply: func(t *edit.Tree) {
		// From 0x1000 on, an Errno is the WASI number above it.
		f := t.File("internal/wasip1/errno.go")
		f.AtStart("ToErrno", "if errno >= 0x1000 {\nreturn Errno(errno - 0x1000)\n}")
	},
}
