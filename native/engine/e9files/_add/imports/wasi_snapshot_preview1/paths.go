package wasi_snapshot_preview1

import (
	"path"
	"strings"

	"github.com/tetratelabs/wazero/api"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/sys"
)

// otherDevice is EXDEV, which wazero's own list of errors lacks.
const otherDevice = experimentalsys.Errno(0x1000 + 75)

// atPath is what a descriptor and a path of a guest lead to. One that takes no paths as they are gets them cleaned, as text.
func atPath(fsc *sys.FSContext, mem api.Memory, fd int32, p, pathLen uint32) (experimentalsys.FS, string, experimentalsys.Errno) {
	b, ok := mem.Read(p, pathLen)
	if !ok || pathLen > maxPath {
		return atCleanPath(fsc, mem, fd, p, pathLen)
	}
	f, ok := fsc.LookupFile(fd)
	if !ok {
		return atCleanPath(fsc, mem, fd, p, pathLen)
	}
	fs, prefix := experimentalsys.FS(nil), ""
	if f.IsPreopen {
		fs, ok = f.FS.(nodehost.FileSystem)
	} else if dir, isOwn := f.File.(nodehost.Directory); isOwn {
		var errno experimentalsys.Errno
		if fs, prefix, errno = dir.At(); errno != 0 {
			return nil, "", errno
		}
	} else {
		ok = false
	}
	if !ok {
		return atCleanPath(fsc, mem, fd, p, pathLen)
	}
	name := string(b)
	switch {
	case strings.HasPrefix(name, "/"): // absolute paths are the guest's own business
		return nil, "", experimentalsys.EPERM
	case name == "":
		name = "."
	}
	if prefix != "" {
		if cleaned := path.Clean(name); cleaned == ".." || strings.HasPrefix(cleaned, "../") {
			return nil, "", experimentalsys.EPERM
		}
		name = prefix + "/" + name
	}
	return fs, name, 0
}

// mayAllocate looks at what posix_fallocate looks at, and the size of a file does not say.
func mayAllocate(f experimentalsys.File, length uint64) experimentalsys.Errno {
	if isDir, errno := f.IsDir(); errno == 0 && isDir {
		return experimentalsys.EBADF
	}
	if length == 0 {
		return experimentalsys.EINVAL
	}
	if a, ok := f.(nodehost.Allocator); ok {
		return a.MayAllocate()
	}
	return 0
}

// renameOrLink is for two file systems, or one that is seen from two directories; ok: it was done here.
func renameOrLink(link bool, from experimentalsys.FS, fromName string, to experimentalsys.FS, toName string) (errno experimentalsys.Errno, ok bool) {
	fs, ok := from.(nodehost.FileSystem)
	switch {
	case ok && link:
		return fs.LinkTo(fromName, to, toName), true
	case ok:
		return fs.RenameTo(fromName, to, toName), true
	}
	return otherDevice, from != to
}
