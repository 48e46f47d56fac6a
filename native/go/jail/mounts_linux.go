package jail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// slowMounts are the places of file systems that may not answer, as they were a second ago at most.
func slowMounts() []string {
	const fresh = time.Second
	mounts.mu.Lock()
	defer mounts.mu.Unlock()
	if time.Since(mounts.read) > fresh {
		text, _ := os.ReadFile("/proc/self/mountinfo")
		mounts.slow, mounts.read = parseMounts(string(text)), time.Now()
	}
	return mounts.slow
}

var mounts struct {
	mu   sync.Mutex
	slow []string
	read time.Time
}

// parseMounts finds them by their types: lines are "36 35 98:0 / /place options - type device options".
func parseMounts(text string) (places []string) {
	for line := range strings.Lines(text) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		kind, _, _ := strings.Cut(after, " ")
		kind, _, _ = strings.Cut(kind, ".") // fuse.sshfs
		switch kind {
		case "fuse", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "afs", "lustre", "ocfs2", "gfs2", "orangefs", "coda", "autofs":
			if len(fields) > 4 {
				places = append(places, unescape.Replace(fields[4]))
			}
		}
	}
	return places
}

var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// isAmong is whether a directory is on one of them, or one of them in the directory. It looks at nothing that is on one.
func isAmong(dir string, places []string) bool {
	left, err := filepath.Abs(dir)
	if err != nil {
		return true
	}
	at := "/"
	for links := 0; ; {
		var name string
		if name, left, _ = strings.Cut(strings.TrimLeft(left, "/"), "/"); name == "" {
			return slices.ContainsFunc(places, func(place string) bool { return within(place, at) })
		}
		next := filepath.Join(at, name)
		if slices.ContainsFunc(places, func(place string) bool { return within(next, place) }) {
			return true
		}
		target, err := os.Readlink(next)
		if err != nil { // it is no link, or not there
			at = next
			continue
		}
		if links++; links > 40 {
			return false // it cannot be opened
		}
		if left = filepath.Join(target, left); filepath.IsAbs(left) {
			at = "/"
		}
	}
}

func within(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+"/")
}
