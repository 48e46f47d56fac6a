package headroom

import (
	"os"
	"path/filepath"
	"testing"
)

// Trees as the kernel shows them, for a machine has one version of them or the other; TestOfGroups makes real ones.
func TestGroupsOf(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		what, self  string
		files       map[string]string
		least, left uint64
	}{
		{"none", "0::/\n", nil, unlimited, unlimited},
		{"version 2 without a limit", "0::/a\n", map[string]string{"a/memory.max": "max\n", "a/memory.current": "5\n"}, unlimited, unlimited},
		{"version 2, the root of a container", "0::/\n", map[string]string{
			"memory.max": "209715200\n", "memory.current": "104857600\n", "memory.stat": "anon 1\ninactive_file 10485760\n",
		}, 200 * mib, 110 * mib},
		{"version 2, the limit is above", "0::/system.slice/node.service/inner\n", map[string]string{
			"system.slice/memory.max": "max\n", "system.slice/memory.current": "0\n",
			"system.slice/node.service/memory.max": "104857600\n", "system.slice/node.service/memory.current": "73400320\n",
			"system.slice/node.service/inner/memory.max": "max\n", "system.slice/node.service/inner/memory.current": "73400320\n",
		}, 100 * mib, 30 * mib},
		{"version 2, the one with less left is not the one with less", "0::/a/b\n", map[string]string{
			"a/memory.max": "209715200\n", "a/memory.current": "209715200\n",
			"a/b/memory.max": "104857600\n", "a/b/memory.current": "0\n",
		}, 100 * mib, 0},
		{"version 2, over its limit", "0::/a\n", map[string]string{"a/memory.max": "1048576\n", "a/memory.current": "2097152\n"}, mib, 0},
		{"version 2, a group without the controller inside of one with it", "0::/a/b\n", map[string]string{
			"a/memory.max": "104857600\n", "a/memory.current": "0\n", "a/b/cgroup.procs": "1\n",
		}, 100 * mib, 100 * mib},
		{"version 2, a limit without usage", "0::/a\n", map[string]string{"a/memory.max": "104857600\n"}, 100 * mib, 100 * mib},
		{"a path of the machine's, seen in a container", "0::/kubepods/pod1/abc\n", map[string]string{"memory.max": "104857600\n", "memory.current": "0\n"}, 100 * mib, 100 * mib},
		{"a path above the container's root", "0::/../other\n", map[string]string{"memory.max": "104857600\n", "memory.current": "0\n"}, 100 * mib, 100 * mib},
		{"a group that was deleted", "0::/a/b (deleted)\n", map[string]string{"a/memory.max": "104857600\n", "a/memory.current": "0\n"}, 100 * mib, 100 * mib},
		{"colons and spaces in names", "0::/a:b/c d\n", map[string]string{"a:b/c d/memory.max": "104857600\n", "a:b/c d/memory.current": "0\n"}, 100 * mib, 100 * mib},
		{"both versions, memory in the first", "4:cpu,memory:/x\n3:pids:/\n0::/y\n", map[string]string{
			"memory/memory.limit_in_bytes": "9223372036854771712\n", "memory/memory.usage_in_bytes": "1\n",
			"memory/x/memory.limit_in_bytes": "104857600\n", "memory/x/memory.usage_in_bytes": "62914560\n",
			"memory/x/memory.stat": "inactive_file 1\ntotal_inactive_file 20971520\n",
		}, 100 * mib, 60 * mib},
		{"no text at all", "garbage\n:\n\n", map[string]string{"memory.max": "1\n"}, unlimited, unlimited},
	} {
		root := t.TempDir()
		for name, content := range c.files {
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		all := groupsOf(c.self, root)
		left := uint64(unlimited)
		for _, g := range all {
			left = min(left, g.left())
		}
		if least := leastOf(all); least != c.least || left != c.left {
			t.Errorf("%s: %d bytes, of which %d are left; expected %d and %d", c.what, least, left, c.least, c.left)
		}
	}
}
