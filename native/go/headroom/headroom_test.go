package headroom_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"wazeronode/headroom"
)

// A process of its own under a limit: this test binary, which says what is left.
func TestLimits(t *testing.T) {
	if os.Getenv("HEADROOM_SAYS") != "" {
		os.Stdout.WriteString("left " + strconv.FormatUint(headroom.LeftByLimits()>>20, 10) + "\n")
		return
	}
	for _, flag := range []string{"-v", "-d"} {
		for _, gib := range []int{4, 8} {
			shell := exec.Command("sh", "-c", "ulimit "+flag+" "+strconv.Itoa(gib<<20)+"; exec \"$0\" -test.run '^TestLimits$'", os.Args[0])
			shell.Env = append(os.Environ(), "HEADROOM_SAYS=1")
			out, err := shell.CombinedOutput()
			if err != nil {
				t.Skipf("cannot run under ulimit %s: %v\n%s", flag, err, out)
			}
			_, rest, _ := strings.Cut(string(out), "left ")
			said, _, _ := strings.Cut(rest, "\n")
			if left, _ := strconv.Atoi(said); left < 512 || left > gib<<10 {
				t.Errorf("ulimit %s of %d GiB: %q MiB are left", flag, gib, said)
			}
		}
	}
}

// A process of its own in a control group, whose groups above it have no limit, or a larger one.
func TestOfGroups(t *testing.T) {
	if os.Getenv("HEADROOM_SAYS") != "" {
		os.Stdout.WriteString("groups " + strconv.FormatUint(headroom.OfGroups(), 10) + "\n")
		return
	}
	outer, err := os.MkdirTemp("/sys/fs/cgroup/memory", "wazero-")
	if err != nil {
		t.Skipf("no control group of version 1 can be made here: %v", err)
	}
	defer os.Remove(outer)
	inner := filepath.Join(outer, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(inner)
	for folder, limit := range map[string]int{outer: 512 << 20, inner: 768 << 20} {
		if err := os.WriteFile(filepath.Join(folder, "memory.limit_in_bytes"), []byte(strconv.Itoa(limit)), 0); err != nil {
			t.Skipf("no limit can be set here: %v", err)
		}
	}
	shell := exec.Command("sh", "-c", "echo $$ > "+inner+"/cgroup.procs; exec \"$0\" -test.run '^TestOfGroups$'", os.Args[0])
	shell.Env = append(os.Environ(), "HEADROOM_SAYS=1")
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "groups "+strconv.Itoa(512<<20)+"\n") {
		t.Errorf("%v: in a group of 768 MiB inside of one of 512: %s", err, out)
	}
}

func TestReserve(t *testing.T) {
	left := headroom.Left()
	if left == 1<<64-1 {
		t.Skip("nothing is limited here")
	}
	if headroom.Allows(2 * left) {
		t.Error("allows more than is left")
	}
	release, _, ok := headroom.Reserve(left/2, false)
	if !ok {
		t.Fatal("refuses half of what is left")
	}
	if headroom.Allows(left * 3 / 4) {
		t.Error("gives the same bytes twice")
	}
	release()
	release()
	if !headroom.Allows(left / 3) {
		t.Error("what was released is not there")
	}
	if headroom.Allows(left * 4 / 5) {
		t.Error("gives away what it has allowed this moment")
	}
}
