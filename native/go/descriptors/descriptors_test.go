//go:build unix

package descriptors

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHalfIsLeft(t *testing.T) {
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	lower := was
	lower.Cur = 100
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; Take(); n++ {
	}
	if n != 50 || Taken() != 50 {
		t.Fatalf("Expected 50 of 100 but took %d, %d", n, Taken())
	}
	Give(1)
	if !Take() || Take() {
		t.Fatal("what is given back can be taken once")
	}
	Give(50)
	if Taken() != 0 {
		t.Fatal(Taken())
	}
}

func TestIs(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !Is(int(f.Fd())) || Is(0x7fffff00) || Is(-1) {
		t.Fatal("which are descriptors of the process")
	}
}
