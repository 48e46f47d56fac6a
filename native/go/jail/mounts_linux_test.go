package jail

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSlowMounts(t *testing.T) {
	places := parseMounts("22 1 0:20 / / rw - ext4 /dev/vda rw\n" +
		"23 22 0:21 / /srv/a\\040b rw,nosuid shared:1 - fuse.sshfs host: rw\n24 22 0:22 / /net rw - nfs4 host:/x rw\n" +
		"25 22 0:23 / /sys/fs/fuse/connections rw - fusectl none rw\n")
	if want := []string{"/srv/a b", "/net"}; !slices.Equal(places, want) {
		t.Fatalf("%q, not %q", places, want)
	}
	for dir, want := range map[string]bool{"/": true, "/proc": false, "/no/such/directory": false} {
		if isAmong(dir, []string{"/net"}) != want {
			t.Errorf("%s: not %v", dir, want)
		}
	}
	link, chain := filepath.Join(t.TempDir(), "link"), filepath.Join(t.TempDir(), "chain")
	for from, to := range map[string]string{link: "../../../../../../net/x", chain: link} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]bool{link: true, chain + "/y": true, filepath.Dir(link): false, "/net": true, "/net/x": true} {
		if isAmong(dir, []string{"/net"}) != want {
			t.Errorf("%s: not %v", dir, want)
		}
	}
	if !within("/net/x", "/net") || within("/network", "/net") {
		t.Error("within")
	}
}
