package jsfs

import (
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/abi"
	"wazeronode/errno"
)

// jsPath is a guest's path as JavaScript gets it: absolute, without "." and "..".
type jsPath struct {
	name      string
	directory bool   // one is meant: the path ends in a slash, in "." or ".."
	dots      string // what it ends in, if that is "." or "..": then it names no entry
}

// clean finds out what a path means. Where a ".." leads, the links before it decide, so those are read, one element after another; what
// comes after the last one is left to the file system.
func (s *FS) clean(name string) (p jsPath, e experimentalsys.Errno) {
	if e = checkText(name); e != 0 {
		return p, e
	}
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
	last := -1 // of those to be looked at
	for i, part := range parts {
		if part == ".." || part == "." && i == len(parts)-1 {
			last = i
		}
	}
	if len(parts) > 0 && last == len(parts)-1 {
		p.dots = parts[last]
	}
	found, e := s.walk(parts[:last+1])
	if e != 0 {
		return p, e
	}
	p.name = path.Join("/", path.Join(found...), path.Join(parts[last+1:]...))
	p.directory = p.dots != "" || strings.HasSuffix(name, "/") && p.name != "/"
	return p, 0
}

const (
	mostLinks = 40
	mostSteps = 255 // each of them is a question
)

// walk is where elements lead to, each of which but the last is a directory, or a link to one.
func (s *FS) walk(parts []string) (found []string, e experimentalsys.Errno) {
	ofLink, links, steps := 0, 0, 0 // so many of parts are a link's
	for ; len(parts) > 0; ofLink-- {
		part := parts[0]
		parts = parts[1:]
		switch part {
		case ".":
			continue
		case "..":
			if len(found) > 0 {
				found = found[:len(found)-1]
			} else if ofLink <= 0 { // a link leads no higher than the root, as everywhere; a guest wants out
				return nil, experimentalsys.EPERM
			}
			continue
		}
		if steps++; steps > mostSteps {
			return nil, experimentalsys.ENAMETOOLONG
		}
		here := append(slices.Clone(found), part)
		st, e := s.stat(abi.FSLstat, path.Join("/", path.Join(here...)), false)
		switch {
		case e != 0:
			return nil, e
		case st.Mode.IsDir():
			found = here
			continue
		case st.Mode.Type() != modeSymlink:
			return nil, experimentalsys.ENOTDIR
		}
		if links++; links > mostLinks {
			return nil, experimentalsys.ELOOP
		}
		target, e := s.readlink(path.Join("/", path.Join(here...)))
		if e != 0 {
			return nil, e
		}
		if e = checkText(target); e != 0 {
			return nil, e
		}
		if path.IsAbs(target) {
			found = nil
		}
		of := strings.FieldsFunc(target, func(r rune) bool { return r == '/' })
		ofLink = max(ofLink, 1) + len(of) // the one that goes counts below
		parts = append(of, parts...)
	}
	return found, 0
}

// checkText: JavaScript's strings hold Unicode only, and no file system takes a NUL.
func checkText(s string) experimentalsys.Errno {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return experimentalsys.EINVAL
	case !utf8.ValidString(s):
		return errno.IllegalSequence
	}
	return 0
}

// writable is clean for what changes something.
func (s *FS) writable(name string) (jsPath, experimentalsys.Errno) {
	if s.readOnly {
		return jsPath{}, experimentalsys.EROFS
	}
	return s.clean(name)
}
