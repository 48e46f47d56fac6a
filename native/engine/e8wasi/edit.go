package e8wasi

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
	ID:    "e8wasi",
	Why: "where wazero's WASI differs from the specification and from the other runtimes, and no file system can make up for it: path_link " +
		"follows when told to, path_readlink fails where it should cut, fd_renumber takes numbers that are not open (and closes the file " +
		"that it renumbers to itself) and refuses standard streams (upstream's 2507), socket functions do not say that a file is no socket, fd_filestat_set_times of a standard stream panics",
	Retire: "an upstream that passes these tests of wasi-testsuite: path_link, readlink, renumber, sock_shutdown-not_sock",
	Apply: func(t *edit.Tree) {
		f := t.File("imports/wasi_snapshot_preview1/fs.go")
		f.AtStart("pathLinkFn", "if uint16(params[1])&wasip1.LOOKUP_SYMLINK_FOLLOW != 0 {\nreturn experimentalsys.EINVAL\n}")
		f.Replace("pathReadlinkFn", "if len(dst) > int(bufLen)", "if len(dst) > int(bufLen) {\ndst = dst[:bufLen]\n}")
		f.Replace("fdFilestatSetTimesFn", "errno = f.FS.Utimens(f.Name, atim, mtim)", "if f.FS != nil { // a standard stream has none\nerrno = f.FS.Utimens(f.Name, atim, mtim)\n}")
		f = t.File("internal/sys/fs.go")
		f.Before("(*FSContext).Renumber", "if toFile, ok := c.openedFiles.Lookup(to); ok",
			"if _, ok := c.openedFiles.Lookup(to); !ok {\nreturn sys.EBADF\n}\nif from == to {\nreturn 0\n}")
		f.ReplaceText("} else if fromFile.IsPreopen {", "} else if fromFile.isRoot() {")
		f.ReplaceText("if toFile.IsPreopen {", "if toFile.isRoot() {")
		f = t.File("imports/wasi_snapshot_preview1/sock.go")
		for _, fn := range []string{"sockRecvFn", "sockSendFn", "sockShutdownFn"} {
			f.Replace(fn, "if e, ok := fsc.LookupFile(fd); !ok",
				"if e, ok := fsc.LookupFile(fd); !ok {\nreturn sys.EBADF\n} else if conn, ok = e.File.(socketapi.TCPConn); !ok {\nreturn sys.ENOTSOCK\n}")
		}
		wasiTests(t)
	},
}

// wasiTests changes upstream's tests that pin what the edit changes.
func wasiTests(t *edit.Tree) {
	f := t.File("imports/wasi_snapshot_preview1/fs_test.go")
	// A number that is not open is EBADF, whatever is renumbered to it.
	for _, to := range []string{"fd=5,to=12345", "fd=4,to=54"} {
		f.ReplaceText("fd_renumber("+to+")\n<== errno=ESUCCESS", "fd_renumber("+to+")\n<== errno=EBADF")
		_, number, _ := strings.Cut(to, "to=")
		const expected = ",\n\t\t\texpectedErrno: wasip1."
		f.ReplaceText("to:            "+number+expected+"ErrnoSuccess", "to:            "+number+expected+"ErrnoBadf")
	}
	// A link that does not fit is cut.
	const short = "\"bufLen too short\",\n\t\t\t\texpectedErrno: wasip1."
	f.ReplaceText(short+"ErrnoRange", short+"ErrnoSuccess")
	// The test renumbers to numbers that are not open: it opens them first.
	t.File("internal/sys/fs_test.go").Before("TestFSContext_Renumber", "require.EqualErrno(t, 0, fsc.Renumber(fromFd, toFd))",
		"if _, open := fsc.LookupFile(toFd); !open {\nrequire.True(t, fsc.openedFiles.InsertAt(&FileEntry{File: sys.UnimplementedFile{}}, toFd))\n}")
}
