package main

var errnoEdit = edit{
	id:     "e7errno",
	why:    "wazero's error numbers have none for a full disk, a broken pipe or too many open files: a guest gets EIO for all of them",
	retire: "an upstream experimental/sys that has ENOSPC, EPIPE and EMFILE",
	apply: func(t *tree) {
		// From 0x1000 on, an Errno is the WASI number above it.
		f := t.file("internal/wasip1/errno.go")
		f.atStart("ToErrno", "if errno >= 0x1000 {\nreturn Errno(errno - 0x1000)\n}")
	},
}

var valuesEdit = edit{
	id:     "e7values",
	why:    "api.Global reads and writes the low half of a v128 and zeroes the other",
	retire: "an upstream api.Global with both halves",
}
