package failure

import (
	"os"
	"os/exec"
	"testing"
)

func TestWhatCannotBeEndsAProcessThatTests(t *testing.T) {
	if !strict {
		if err := Violated("something"); err.(*Error).Code != CodeLink {
			t.Fatal(err)
		}
		return
	}
	if os.Getenv("WAZERO_VIOLATED") != "" {
		_ = Violated("something")
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), "WAZERO_VIOLATED=1")
	if out, err := command.CombinedOutput(); err == nil {
		t.Fatalf("the process went on: %s", out)
	}
}
