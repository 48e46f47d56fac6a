package headroom_test

import (
	"os"
	"os/exec"
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
