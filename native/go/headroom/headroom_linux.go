package headroom

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// LeftByLimits is how many bytes the process may still take by its limits (rlimits, control groups, those of a strict machine); the largest number without any.
func LeftByLimits() uint64 { return min(leftToMap(), leftToTouch()) }

// leftToMap is what the rlimits leave: they count what is mapped, so that what Go has released is not to be had again at their cost.
func leftToMap() uint64 {
	left := uint64(unlimited)
	statm := numbers("/proc/self/statm") // pages: size, resident, shared, text, library, data
	page := uint64(os.Getpagesize())
	for _, l := range []struct{ resource, field int }{{syscall.RLIMIT_AS, 0}, {syscall.RLIMIT_DATA, 5}} {
		var limit syscall.Rlimit
		if syscall.Getrlimit(l.resource, &limit) == nil && limit.Cur < unlimited/2 && len(statm) > l.field {
			left = min(left, limit.Cur-min(limit.Cur, statm[l.field]*page))
		}
	}
	return left
}

// leftToTouch is what the other limits leave.
func leftToTouch() uint64 {
	left := uint64(unlimited)
	for _, group := range groups() {
		left = min(left, group.left())
	}
	if strict() {
		meminfo, _ := os.ReadFile("/proc/meminfo")
		limit, known := field(meminfo, "CommitLimit:")
		committed, both := field(meminfo, "Committed_AS:")
		if known && both {
			left = min(left, (limit-min(limit, committed))<<10)
		}
	}
	return left
}

// strict tells whether the machine promises no more memory than it has (vm.overcommit_memory is 2): what all processes may still write to is
// limited then, whether they have written to it or not.
var strict = sync.OnceValue(func() bool {
	mode := numbers("/proc/sys/vm/overcommit_memory")
	return len(mode) == 1 && mode[0] == 2
})

func leftOfMachine() uint64 {
	meminfo, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return unlimited
	}
	if kib, ok := field(meminfo, "MemAvailable:"); ok {
		return kib << 10
	}
	return unlimited
}

// group is a control group with a limit on memory.
type group struct{ limit, usage, stat, reclaimable string }

func (g group) left() uint64 {
	limit, usage := numbers(g.limit), numbers(g.usage)
	if len(limit) == 0 || limit[0] >= none {
		return unlimited
	}
	if len(usage) == 0 { // it cannot be read: not more than the limit
		return limit[0]
	}
	used := usage[0]
	if stat, err := os.ReadFile(g.stat); err == nil { // files that it has read count as usage, and go when memory is needed
		if cached, ok := field(stat, g.reclaimable); ok {
			used -= min(used, cached)
		}
	}
	return limit[0] - min(limit[0], used)
}

// OfGroups is what the control groups of the process may have, used or not: the least of them, or the largest number without any.
func OfGroups() uint64 { return leastOf(groups()) }

func leastOf(all []group) uint64 {
	least := uint64(unlimited)
	for _, g := range all {
		if limit := numbers(g.limit); len(limit) > 0 && limit[0] < none {
			least = min(least, limit[0])
		}
	}
	return least
}

// none is no limit in version 1: the largest number of pages; "max" of version 2 is no number.
const none = 1 << 62

// groups are those that the process is in, from its own to the root, where they have a limit.
var groups = sync.OnceValue(func() []group {
	text, _ := os.ReadFile("/proc/self/cgroup")
	return groupsOf(string(text), "/sys/fs/cgroup")
})

// groupsOf are those of a process by its /proc/self/cgroup. A path that is not there is one in the tree of the machine, of which a container sees its own
// part, as is one with "..": what is above the container's root (cgroup_namespaces(7)); both have that root's limits at least.
func groupsOf(text, mounted string) (all []group) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // hierarchy, controllers, path
		if len(parts) != 3 {
			continue
		}
		root, g := mounted, group{"memory.max", "memory.current", "memory.stat", "inactive_file "}
		if parts[1] != "" { // version 1
			if !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
			root, g = mounted+"/memory", group{"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat", "total_inactive_file "}
		}
		for path := filepath.Clean("/" + parts[2]); ; path = filepath.Dir(path) {
			at := func(name string) string { return filepath.Join(root, path, name) }
			if _, err := os.Stat(at(g.limit)); err == nil {
				all = append(all, group{at(g.limit), at(g.usage), at(g.stat), g.reclaimable})
			}
			if path == "/" {
				break
			}
		}
	}
	return all
}

// numbers are those at the beginning of a file.
func numbers(path string) (all []uint64) {
	text, _ := os.ReadFile(path)
	for _, word := range bytes.Fields(text) {
		n, err := strconv.ParseUint(string(word), 10, 64)
		if err != nil {
			break
		}
		all = append(all, n)
	}
	return all
}

// field is the number after a name at the beginning of a line.
func field(text []byte, name string) (uint64, bool) {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			if words := bytes.Fields(rest); len(words) > 0 {
				n, err := strconv.ParseUint(string(words[0]), 10, 64)
				return n, err == nil
			}
		}
	}
	return 0, false
}
